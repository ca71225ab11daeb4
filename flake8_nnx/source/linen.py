"""Facts of one file: which classes are Linen modules, which expressions are their instances, classes and variables.

Everything is answered on demand and remembered, so that a file costs what its rules ask.
"""
from __future__ import annotations

import ast
import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from flake8_nnx.source.names import FUNCTIONS, MAX_DEPTH, Binding, Names
from flake8_nnx.source.text import SourceText

LINEN = "flax.linen."
# Module classes of flax.linen, layers and base classes alike.
LINEN_MODULES = frozenset(
    "BatchApply BatchNorm Bidirectional Conv ConvLSTMCell ConvLocal ConvTranspose Dense DenseGeneral Dropout Einsum Embed "
    "Fp8DirectDotGeneralOp Fp8DotGeneral Fp8DotGeneralOp Fp8Einsum GRUCell GroupNorm InstanceNorm LSTMCell LayerNorm "
    "MGUCell Module MultiHeadAttention MultiHeadDotProductAttention NANOOFp8DotGeneralOp OptimizedLSTMCell PReLU RMSNorm "
    "RNN RNNCellBase SelfAttention Sequential SimpleCell SpectralNorm WeightNorm".split()
)
# Lifted transforms that take a module class and return a module class.
CLASS_TRANSFORMS = frozenset(
    (*(LINEN + name for name in "scan vmap remat checkpoint remat_scan jit map_variables add_metadata_axis".split()),
     "flax.linen.partitioning.remat")
)  # fmt: skip
UNASKED = "?"  # no dotted name
PARTIAL = frozenset({"functools.partial", "jax.tree_util.Partial"})
FIELD = frozenset({"dataclasses.field", "flax.struct.field"})
SAME_MODULE_METHODS = frozenset({"bind", "clone", "copy"})


@dataclass(frozen=True)
class Field:
    """A dataclass field of a module class."""

    name: str
    node: ast.AnnAssign
    facts: Facts = field(compare=False, repr=False)  # of the file that declares it
    keyword: bool = False  # given by keyword alone

    @property
    def annotation(self) -> ast.expr:
        return self.node.annotation

    @property
    def options(self) -> Mapping[str, ast.expr] | None:
        """The arguments of `dataclasses.field(…)`, None where it has a plain default or none."""
        value = self.node.value
        if not isinstance(value, ast.Call) or self.facts.origin(value.func) not in FIELD or value.args:
            return None
        return {keyword.arg or "**": keyword.value for keyword in value.keywords}

    @property
    def default(self) -> ast.expr | None:
        return self.node.value if self.options is None else self.options.get("default")

    @property
    def factory(self) -> ast.expr | None:
        """The function that makes its default."""
        return self.options.get("default_factory") if self.options else None


@dataclass(frozen=True)
class LinenClass:
    """A class of the project that derives from `flax.linen.Module`, directly or not."""

    name: str
    node: ast.ClassDef
    bases: tuple[str, ...]  # origins; a class of the project stands by its own name
    fields: tuple[Field, ...]  # its own, without inherited ones
    methods: Mapping[str, ast.FunctionDef]
    compact: frozenset[str]  # names of methods under `@nn.compact`
    facts: Facts = field(compare=False, repr=False)  # of the file that it stands in

    @property
    def has_setup(self) -> bool:
        return "setup" in self.methods

    @functools.cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        """The class statement and all that is inside of it, which many ask for."""
        return tuple(ast.walk(self.node))


@dataclass(frozen=True)
class ModuleRef:
    """A Linen module class as an expression names it.

    `linen` is set for the classes of flax.linen itself, `local` for those of the project, whichever file they stand in, and
    `nnx`, the text that names it, for an NNX class in `nnx.bridge.to_linen`.
    """

    name: str
    linen: str | None = None
    local: LinenClass | None = None
    nnx: str | None = None


class Elsewhere(Protocol):
    """What other files of the project know (see `source.project`)."""

    def translate(self, origin: str) -> str | None:
        """Follow re-exports: the origin of what a project module re-exports, or None."""

    def module_class(self, origin: str) -> ModuleRef | None:
        """The Linen module class that this dotted name is."""

    def instance(self, origin: str) -> ModuleRef | None:
        """The class when this dotted name is a Linen module instance or a factory of one."""

    def bases(self, origin: str) -> frozenset[str]:
        """The dotted names of all bases of the class of the project that this dotted name is."""

    def definition(self, origin: str) -> tuple[Binding, Facts] | None:
        """Where any name of the project gets its value, with the facts of that file."""


class Facts:
    """Facts of one parsed file; `elsewhere` adds what the rest of the project knows, `source` how the file spells it."""

    def __init__(
        self,
        tree: ast.Module,
        filename: str = "-",
        package: str = "",
        elsewhere: Elsewhere | None = None,
        source: str | None = None,
        names: Names | None = None,
    ) -> None:
        self.tree = tree
        self.text = SourceText(source)
        self.filename = filename
        self.elsewhere = elsewhere
        self.names = Names(tree, package) if names is None else names
        self.traces: dict[int, Any] = {}  # by class, see source.features
        self.sizes: dict[int, list[Any]] = {}  # that a class must be told, see source.features
        self.outputs: dict[Any, Any] = {}  # of classes for given inputs, see source.apply
        self.beside: tuple[Facts, ...] = ()  # of the files that are migrated together with this one
        self.constructions: list[Any] | None = None  # calls that construct classes of any of these files, see source.given
        self.hidden: dict[int, set[str]] = {}  # fields of a class, see source.methods
        self.idle: dict[int, Mapping[str, Mapping[str, str]]] = {}  # the same, see source.idle
        self.given: dict[int, Any] = {}  # classes that fields are given, by class, see source.given
        self._origins: dict[int, str | None] = {}
        self._classes: dict[int, LinenClass | None] = {}
        self._ancestors: dict[int, tuple[LinenClass, ...]] = {}
        self._fields_of: dict[int, Mapping[str, Field]] = {}
        self._attributes: dict[tuple[int, str], list[ast.expr]] | None = None

    def run_with(self, files: tuple[Facts, ...]) -> None:
        """What these files say of the classes of this one counts from now on."""
        if self.beside != files and len(files) > 1:
            self.beside, self.constructions = files, None
            for known in (self.given, self.traces, self.outputs):
                known.clear()

    # ---- names ----------------------------------------------------------------------------------------------------

    def origin(self, node: ast.AST | None) -> str | None:
        """Canonical dotted name of an expression, or None."""
        kind = type(node)
        if kind is not ast.Name and kind is not ast.Attribute:
            return None
        found = self._origins.get(id(node), UNASKED)
        if found is UNASKED:
            known = self.elsewhere.translate if self.elsewhere else None
            found = self._origins[id(node)] = self.names.origin(node, known)
        return found

    def linen_name(self, node: ast.AST | None) -> str | None:
        """`Dense` for an expression whose origin is `flax.linen.Dense`."""
        return of_linen(self.origin(node))

    def is_call_of(self, node: ast.AST | None, *origins: str) -> bool:
        return isinstance(node, ast.Call) and self.origin(node.func) in origins

    # ---- classes --------------------------------------------------------------------------------------------------

    @functools.cached_property
    def classes(self) -> tuple[LinenClass, ...]:
        """The Linen module classes of this file, in source order."""
        statements = (node for node in self.names.nodes if isinstance(node, ast.ClassDef))
        return tuple(found for node in statements if (found := self.linen_class(node)) is not None)

    def linen_class(self, node: ast.AST | None) -> LinenClass | None:
        """The facts of a class statement when it is a Linen module."""
        if not isinstance(node, ast.ClassDef):
            return None
        if id(node) not in self._classes:
            self._classes[id(node)] = None  # a class among its own bases is not a module
            self._classes[id(node)] = self._read_class(node)
        return self._classes[id(node)]

    def _read_class(self, node: ast.ClassDef) -> LinenClass | None:
        bases: list[str] = []
        is_linen = False
        for base in node.bases:
            ref = self.module_class(base.value if isinstance(base, ast.Subscript) else base)
            if ref is not None:
                is_linen = True
                bases.append(LINEN + ref.linen if ref.linen else ref.name)
            else:
                bases.append(self.origin(base) or ast.unparse(base))
        methods = {stmt.name: stmt for stmt in node.body if isinstance(stmt, ast.FunctionDef)}
        compact = frozenset(name for name, method in methods.items() if self.compact_decorator(method) is not None)
        nnx = self.derives_from_nnx(node)
        if not is_linen and (nnx or not compact or not node.bases):
            return None  # a base that cannot be seen is a module only if the class itself proves it
        return LinenClass(node.name, node, tuple(bases), self._fields(node), methods, compact, self)

    def _fields(self, node: ast.ClassDef) -> tuple[Field, ...]:
        found: list[Field] = []
        keyword = any(k.arg == "kw_only" and isinstance(k.value, ast.Constant) and bool(k.value.value) for k in node.keywords)
        for stmt in node.body:
            if not isinstance(stmt, ast.AnnAssign) or not isinstance(stmt.target, ast.Name):
                continue
            word = annotation_word(stmt.annotation)
            if word == "KW_ONLY":
                keyword = True
            elif word != "ClassVar":
                own = Field(stmt.target.id, stmt, self, keyword)
                given = (own.options or {}).get("kw_only")
                found.append(own if not isinstance(given, ast.Constant) else Field(own.name, stmt, self, bool(given.value)))
        return tuple(found)

    def derives_from_nnx(self, node: ast.ClassDef) -> bool:
        """Whether a class is an NNX module, as far as this file tells."""
        return any(self._derives_from_nnx(base) for base in node.bases)

    def _derives_from_nnx(self, base: ast.expr, depth: int = 0) -> bool:
        """Whether a base class is one of flax.nnx, or derives from one in this file."""
        if (self.origin(base) or "").startswith("flax.nnx"):
            return True
        binding = self.names.binding(base) if isinstance(base, ast.Name) else None
        cls = binding.node if binding is not None and binding.kind == "class" and depth < MAX_DEPTH else None
        return isinstance(cls, ast.ClassDef) and any(self._derives_from_nnx(each, depth + 1) for each in cls.bases)

    def compact_decorator(self, method: ast.AST) -> ast.expr | None:
        """The `@nn.compact` of a method, wherever it stands among its decorators."""
        for decorator in getattr(method, "decorator_list", ()):
            if self.linen_name(decorator) == "compact":
                return decorator
        return None

    def enclosing_class(self, node: ast.AST) -> LinenClass | None:
        """The Linen class whose method (or body) holds this node; a nested function belongs to its method's class."""
        return self.linen_class(self.names.enclosing(node, ast.ClassDef))

    def enclosing_method(self, node: ast.AST) -> ast.FunctionDef | None:
        """The method of a Linen class around this node."""
        found: ast.AST | None = node
        while found is not None:
            found = self.names.enclosing(found, ast.FunctionDef)
            if found is not None and self.linen_class(self.names.parent(found)):
                return found  # type: ignore[return-value]
        return None

    def fields_of(self, cls: LinenClass) -> Mapping[str, Field]:
        """Fields by name, inherited ones first, those given by keyword last."""
        known, key = cls.facts._fields_of, id(cls.node)
        if key not in known:
            found = {field.name: field for base in reversed(self.ancestors(cls)) for field in base.fields}
            known[key] = dict(sorted(found.items(), key=lambda item: item[1].keyword))
        return known[key]

    def ancestors(self, cls: LinenClass) -> tuple[LinenClass, ...]:
        """The class and its Linen bases in the project, nearest first."""
        known, key = cls.facts._ancestors, id(cls.node)
        if key not in known:
            known[key] = self._read_ancestors(cls)
        return known[key]

    @staticmethod
    def _read_ancestors(cls: LinenClass) -> tuple[LinenClass, ...]:
        line, found = [cls], list[LinenClass]()
        while line:
            current = line.pop(0)
            if current in found or len(found) > MAX_DEPTH:
                continue
            found.append(current)
            for base in current.node.bases:
                ref = current.facts.module_class(base.value if isinstance(base, ast.Subscript) else base)
                if ref and ref.local:
                    line.append(ref.local)
        return tuple(found)

    def base_of(self, cls: LinenClass) -> LinenClass | None:
        """The nearest Linen class of the project that a class derives from."""
        return next(iter(self.ancestors(cls)[1:]), None)

    def defining(self, cls: LinenClass, name: str, above: LinenClass | None = None) -> LinenClass | None:
        """The class itself or the nearest of its bases that has a method of this name, if given one `above` another."""
        line = self.ancestors(cls)
        if above is not None and above in line:
            line = line[line.index(above) + 1:]
        return next((base for base in line if name in base.methods), None)

    def method_of(self, cls: LinenClass, name: str) -> ast.FunctionDef | None:
        found = self.defining(cls, name)
        return found.methods[name] if found is not None else None

    def module_class(self, node: ast.AST | None, depth: int = 0) -> ModuleRef | None:
        """The Linen module class that an expression evaluates to: a name, a partial or a lifted class."""
        if node is None or depth > MAX_DEPTH:
            return None
        if isinstance(node, ast.Call):
            origin = self.origin(node.func)
            if (origin in PARTIAL or origin in CLASS_TRANSFORMS) and node.args:
                return self.module_class(node.args[0], depth + 1)
            return None
        if not isinstance(node, (ast.Name, ast.Attribute)):
            return None
        origin = self.origin(node)
        linen = of_linen(origin)
        if linen is not None:
            return ModuleRef(linen, linen=linen) if linen in LINEN_MODULES else None
        if isinstance(node, ast.Name):
            binding = self.names.binding(node)
            if binding is not None and binding.kind == "class":
                local = self.linen_class(binding.node)
                return ModuleRef(local.name, local=local) if local else None
            if binding is not None and binding.kind == "assign" and binding.value is not node:
                found = self.module_class(binding.value, depth + 1)
                if found:
                    return found
        return self.elsewhere.module_class(origin) if origin and self.elsewhere else None

    def annotated_module(self, annotation: ast.expr | None) -> ModuleRef | None:
        """The module class in `Model`, `"Model"`, `Optional[Model]` or `Model | None`."""
        if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
            name = annotation.value.split("[")[-1].rstrip("]").split("|")[0].strip()
            binding = self.names.lookup(name, self.names.module) if name.isidentifier() else None
            local = self.linen_class(binding.node) if binding and binding.kind == "class" else None
            return ModuleRef(local.name, local=local) if local else None
        if isinstance(annotation, ast.BinOp):
            return self.annotated_module(annotation.left) or self.annotated_module(annotation.right)
        if isinstance(annotation, ast.Subscript):
            if self.origin(annotation.value) in ("typing.Optional", "typing.Annotated", "typing.Union"):
                inner = annotation.slice
                options = inner.elts if isinstance(inner, ast.Tuple) else [inner]
                return next((ref for option in options if (ref := self.annotated_module(option))), None)
            return None
        return self.module_class(annotation)

    # ---- instances ------------------------------------------------------------------------------------------------

    def instance(self, node: ast.AST | None, depth: int = 0) -> ModuleRef | None:
        """The module class when an expression is known to evaluate to a Linen module instance."""
        if node is None or depth > MAX_DEPTH:
            return None
        if isinstance(node, ast.Call):
            return self._called(node, depth)
        if isinstance(node, ast.Name):
            if node.id == "self":
                method = self.enclosing_method(node)
                cls = self.linen_class(self.names.parent(method)) if method else None
                return ModuleRef(cls.name, local=cls) if cls else None
            binding = self.names.binding(node)
            return (self.bound(binding, depth) if binding else None) or self._elsewhere(node)
        if isinstance(node, ast.Attribute):
            return self._attribute(node, depth) or self._elsewhere(node)
        if isinstance(node, (ast.IfExp, ast.BoolOp)):
            options = [node.body, node.orelse] if isinstance(node, ast.IfExp) else node.values
            return next((ref for option in options if (ref := self.instance(option, depth + 1))), None)
        if isinstance(node, (ast.NamedExpr, ast.Await)):
            return self.instance(node.value, depth + 1)
        return None

    def _called(self, node: ast.Call, depth: int) -> ModuleRef | None:
        ref = self.module_class(node.func)
        if ref is not None:
            return ref
        if isinstance(node.func, ast.Attribute) and node.func.attr in SAME_MODULE_METHODS:
            return self.instance(node.func.value, depth + 1)
        if isinstance(node.func, ast.Name):
            binding = self.names.binding(node.func)
            if binding is not None and isinstance(binding.node, ast.FunctionDef) and binding.kind == "def":
                return self.returned(binding.node, depth)
        return self._elsewhere(node.func)

    def _elsewhere(self, node: ast.expr) -> ModuleRef | None:
        """What another file of the project knows of this name."""
        origin = self.origin(node) if self.elsewhere else None
        return self.elsewhere.instance(origin) if origin and self.elsewhere else None

    def returned(self, function: ast.FunctionDef, depth: int) -> ModuleRef | None:
        """What a factory function returns, when every return is a module."""
        refs = []
        for node in ast.walk(function):
            if isinstance(node, ast.Return) and self.names.enclosing(node, *FUNCTIONS) is function:
                refs.append(self.instance(node.value, depth + 1))
        return refs[0] if refs and all(refs) else None

    def bound(self, binding: Binding, depth: int) -> ModuleRef | None:
        if binding.kind == "assign":
            return self.instance(binding.value, depth + 1) or self.annotated_module(binding.annotation)
        if binding.kind in ("param", "annotation"):
            return self.annotated_module(binding.annotation)
        return None

    def _attribute(self, node: ast.Attribute, depth: int) -> ModuleRef | None:
        """`self.model` of any class of this file, and attributes of known modules."""
        owner, home = None, self
        if isinstance(node.value, ast.Name) and node.value.id == "self":
            found = self.names.enclosing(node, ast.ClassDef)
            owner = found if isinstance(found, ast.ClassDef) else None
        else:
            ref = self.instance(node.value, depth + 1)
            if ref is not None and ref.local is not None:
                owner, home = ref.local.node, ref.local.facts
        if owner is None:
            return None
        for value in home.attribute_values(owner, node.attr):
            found_ref = home.instance(value, depth + 1)
            if found_ref:
                return found_ref
        for stmt in owner.body:
            if isinstance(stmt, ast.AnnAssign) and isinstance(stmt.target, ast.Name) and stmt.target.id == node.attr:
                return home.annotated_module(stmt.annotation)
        return None

    def attribute_values(self, cls: ast.ClassDef, name: str) -> list[ast.expr]:
        """Every expression assigned to `self.<name>` in the methods of a class."""
        if self._attributes is None:
            self._attributes = {}
            for node in self.names.nodes:
                if not isinstance(node, (ast.Assign, ast.AnnAssign)) or node.value is None:
                    continue
                for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                    if isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name) and target.value.id == "self":
                        owner = self.names.enclosing(node, ast.ClassDef)
                        self._attributes.setdefault((id(owner), target.attr), []).append(node.value)
        return self._attributes.get((id(cls), name), [])


def of_linen(origin: str | None) -> str | None:
    """`Dense` of `flax.linen.Dense`."""
    name = origin[len(LINEN):] if origin and origin.startswith(LINEN) else "."
    return name if "." not in name else None


def annotation_word(annotation: ast.expr) -> str:
    """`ClassVar` of `ClassVar[…]`, also in quotes: that one and the `KW_ONLY` mark declare no field."""
    name = annotation.value if isinstance(annotation, ast.Subscript) else annotation
    if isinstance(name, ast.Constant) and isinstance(name.value, str):
        return name.value.split("[")[0].rsplit(".", 1)[-1].strip()
    return name.attr if isinstance(name, ast.Attribute) else name.id if isinstance(name, ast.Name) else ""

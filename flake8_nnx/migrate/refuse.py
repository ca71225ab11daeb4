"""What the migrator does not do, each with the line, the reason and what to do instead.

A class with one refusal is left exactly as it is.
"""
from __future__ import annotations

import ast
from collections.abc import Collection, Iterator

from flake8_nnx.migrate import any_module, borrowed, chosen_layers, contexts, decorators, detached, expanded, functional
from flake8_nnx.migrate import functions, given_layers, initial, post_init, recurrent, renamed, variables
from flake8_nnx.migrate.ambiguous import ambiguous
from flake8_nnx.migrate.attributes import RESERVED, is_param
from flake8_nnx.migrate.handed_self import variables_of_others
from flake8_nnx.migrate.lifted import lifts_of
from flake8_nnx.migrate.model import ClassPlan, Refusal
from flake8_nnx.migrate.slots import loop_name
from flake8_nnx.migrate.unfollowed import unfollowed
from flake8_nnx.migrate.unknown import may_be_class, unknown_modules, unseen_field
from flake8_nnx.rules._text import is_alias
from flake8_nnx.source.events import Assignment, Trace
from flake8_nnx.source.features import events
from flake8_nnx.source.given import classes_of
from flake8_nnx.source.ported import TO_LINEN
from flake8_nnx.source.idle import idle
from flake8_nnx.source.inittext import of_super
from flake8_nnx.source.linen import Facts, LinenClass, annotation_word
from flake8_nnx.source.makers import is_maker, made_by, unclear
from flake8_nnx.source.methods import decorated
from flake8_nnx.source.precedence import operand
from flake8_nnx.source.values import Either, Module, Partial, Site

# Decorators of classes from here change what the class is; any other, such as one for docstrings, stays.
CHANGES_CLASSES = frozenset({"flax", "jax", "functools", "dataclasses"})
# Attributes and methods of a Linen module with no NNX twin that this version can write.
LINEN_ONLY = frozenset(
    "perturb variables scope get_variable put_variable is_mutable_collection "
    "has_rng name path parent clone copy bind unbind lazy_init init init_with_output apply tabulate module_paths".split()
)


def add(plan: ClassPlan, node: ast.AST, reason: str, advice: str | None = None) -> None:
    line = getattr(node, "lineno", plan.cls.node.lineno)
    refusal = Refusal(line, reason) if advice is None else Refusal(line, reason, advice)
    if refusal not in plan.refusals:
        plan.refusals.append(refusal)


def check_class(plan: ClassPlan, trace: Trace, facts: Facts, bridged: Collection[Site] = ()) -> None:
    """Refusals that the shape of the class and its trace decide; the modules of `bridged` sites stay Linen."""
    cls = plan.cls
    if any(keyword.arg != "kw_only" for keyword in cls.node.keywords):
        add(plan, cls.node, f"class keywords of `{cls.name}` are not handled")
    for decorator in cls.node.decorator_list:
        function = decorator.func if isinstance(decorator, ast.Call) else decorator
        origin = facts.origin(function) or ""
        local = isinstance(function, ast.Name) and facts.names.binding(function)
        if not (origin or local) or origin.partition(".")[0] in CHANGES_CLASSES:
            add(plan, decorator, f"the class decorator `{ast.unparse(decorator)[:60]}` is not handled")
    _check_body(plan, facts)
    for node, reason in trace.problems:
        add(plan, node, f"`{ast.unparse(node)[:60]}` {reason}" if isinstance(node, ast.expr) else reason)
    for manager in contexts.unknown_contexts(cls, facts):
        name = ast.unparse(manager.func if isinstance(manager, ast.Call) else manager)[:60]
        reason = f"`with {name}` may change what the methods of Linen modules do, which NNX modules do not ask"
        add(plan, manager, reason, "say the same in the arguments of the modules, or keep the Linen class for now")
    for declared in (node for node in cls.nodes if isinstance(node, ast.Nonlocal)):
        inner = facts.names.enclosing(declared, ast.FunctionDef)
        if isinstance(inner, ast.FunctionDef) and inner not in cls.node.body:  # else they are names of what is around the class
            add(plan, declared, f"`{ast.unparse(declared)}` sets names of the method around it", "return the value")
    for one in ambiguous(cls, facts):
        add(plan, one, f"`{one.id}` has one of several values, which the top of the file chooses", "give it to the class")
    _check_sites(plan, trace, facts, bridged)
    if cls.has_setup:
        _check_setup(plan, trace, facts)


def _check_body(plan: ClassPlan, facts: Facts) -> None:
    for statement in plan.cls.node.body:
        if isinstance(statement, ast.AnnAssign) and annotation_word(statement.annotation) == "KW_ONLY":
            plan.removed.add(statement)
        if isinstance(statement, (ast.AnnAssign, ast.FunctionDef, ast.Pass, ast.Assign, ast.ClassDef)):
            continue
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
            continue
        add(plan, statement, f"`{type(statement).__name__}` in the body of `{plan.name}` is not handled")
    optional = ""
    for name, field in facts.fields_of(plan.cls).items():
        default, made = field.default, field.factory
        if default is None and made is None and optional and not field.keyword:
            add(plan, field.node, f"the field `{name}` without a default follows `{optional}`, which has one", "give it one")
        optional = optional or (name if default is not None or made is not None else "")
        if name in RESERVED and name not in renamed.names(plan.cls, facts):
            add(plan, field.node, f"the field `{name}` would hide `{name}` of nnx.Module", "rename the field")
        if name == "self":
            add(plan, field.node, "the field `self` has the name of what `__init__` makes", "rename the field")
        own = set(field.options or ()) - {"default", "default_factory", "repr", "hash", "compare", "metadata", "kw_only"}
        if own or isinstance(default, ast.Call) and (facts.origin(default.func) or "").endswith(".field"):
            add(plan, field.node, f"`{ast.unparse(field.node)[:60]}` is not handled")
        there = field.facts
        binding = there.names.binding(default) if isinstance(default, ast.Name) else None
        # Of NNX, where a file is half migrated.
        own_class = binding is not None and binding.kind == "class" and there.module_class(default) is None
        holds_module = own_class
        held = there.annotated_module(field.annotation)
        may = held is None or name in idle(plan.cls) or held.local is not None
        unlike = not may and held is not None and held.linen not in (*given_layers.LAYERS_HELD, "Module")
        if name in any_module.fields(plan.cls) and (use := any_module.problem(plan.cls, name)) is not None:
            above = facts.names.parent(use) or use
            add(plan, use, f"`{ast.unparse(above).splitlines()[0][:60]}` depends on the class of the module in `{name}`")
        if holds_module or unlike or (default is not None and there.instance(default)):
            add(plan, field.node, f"the field `{name}` holds a module or a module class, which this version does not move")
    plan.notes += given_layers.notes(plan.cls)
    for node, reason, advice in given_layers.problems(plan.cls):
        add(plan, node, reason, advice)
    for name, method in plan.cls.methods.items():
        unknown = post_init.problem(plan.cls) if name == "__post_init__" else None
        if unknown is not None:
            line = ast.unparse(unknown).splitlines()[0][:60]
            add(plan, unknown, f"`{line}` in `__post_init__` neither checks fields nor fills them in", "move it to setup")
        for decorator in method.decorator_list:
            text, reason = decorators.edited(decorator, method, plan.cls)
            if reason:
                add(plan, decorator, reason)
            elif text == "":
                plan.decorators.add(decorator)
            elif text is not None:
                plan.expressions[decorator] = text


def _check_sites(plan: ClassPlan, trace: Trace, facts: Facts, bridged: Collection[Site]) -> None:
    seen: set[ast.Call] = set()
    reason = recurrent.own_carry(plan, plan.cls)
    if reason:
        add(plan, plan.cls.methods[detached.METHOD], reason)
    groups = chosen_layers.groups(trace, facts)
    for site in trace.sites:
        if site.attribute is not None and site.attribute.startswith("__") and not site.attribute.endswith("__"):
            add(plan, site.call, f"Linen knows `self.{site.attribute}` under the name of its class", "give it one underscore")
        if (static := facts.enclosing_method(site.node)) is not None and decorated(static, "staticmethod", "classmethod"):
            add(plan, site.node, f"`{static.name}` makes a layer and has no `self` to hold it", "let it take self")
        group = groups.get(site, [])
        if site.node in seen and site not in group[1:]:
            add(plan, site.node, f"`{ast.unparse(site.node)[:60]}` creates new layers each time its method is called")
        seen.add(site.node)
        reason = chosen_layers.problem(site, group, bridged, plan.cls) if group else ""
        if site.through and not group and not made_by(site, facts, plan.cls):
            reason = expanded.problem(site, facts)
        if reason:
            add(plan, site.node, reason, "make them in the class")
        if site.ref is None:
            _check_own(plan, site)
            continue
        if site.ref.linen is None and site.ref.local is None and site.ref.nnx is None and site not in bridged:
            advice = "give the file that defines it as well, or keep this class in Linen for now"
            add(plan, site.call, f"`{site.ref.name}` is defined in another file", advice)
        name = site.keywords.get("name")
        if name is not None and not isinstance(name, ast.Constant):
            if not site.loops or loop_name(name, site) is None:
                add(plan, name, f"the name `{ast.unparse(name)}` does not count the turns of a loop")
        if site.shares is not None and (site in bridged or _counted_beside(site, trace)):
            reason = f"`{ast.unparse(site.shares)}` shares a scope, and what that holds cannot be told"
            add(plan, site.shares, reason, "name its layers")
        if "parent" in site.keywords:
            add(plan, site.keywords["parent"], "`parent=` is not handled")
        for lift in (lift for option in (site, *site.options) for lift in lifts_of(option, facts)):
            if lift.problem:
                add(plan, site.call, lift.problem)
        if site.ref.linen is not None and "name" in site.keywords and site.loops and isinstance(name, ast.Constant):
            add(plan, name, "one name for every turn of a loop shares the layer")
    seen |= {site.call for site in [*trace.detached, *(site for site in trace.sites if site.through)]}
    for node in plan.cls.nodes:
        if not isinstance(node, ast.Call) or node in seen:
            continue
        if facts.module_class(node.func) or classes_of(node.func, facts) or may_be_class(node.func, facts):
            add(plan, node, f"`{ast.unparse(node)[:60]}` is created where this version cannot follow")
        elif (held := unseen_field(node, plan.cls, facts)) is not None:
            advice = "give it a default, or construct the class in this file"
            add(plan, node, f"`{ast.unparse(node)[:60]}` makes a module of a class that is given as `{held}` elsewhere", advice)


def _counted_beside(site: Site, trace: Trace) -> bool:
    """Whether Linen counts this layer, whose own name nobody sees, among others of its class."""
    alike = (s for s in trace.sites if s.ref is not None and site.ref is not None and s.ref.name == site.ref.name)
    return "name" not in site.keywords and any("name" not in s.keywords and s.shares is None for s in alike)


def _check_own(plan: ClassPlan, site: Site) -> None:
    func = site.call.func
    assert isinstance(func, ast.Attribute)
    if is_param(site):
        first = site.positional[0] if site.positional else None
        if variables.computed_name(site) is not None:
            if site.method == "setup":
                add(plan, site.call, "self.param in setup without a literal name is not handled")
        elif not (isinstance(first, ast.Constant) and isinstance(first.value, str)):
            add(plan, site.call, "self.param without a literal name is not handled")
        elif not first.value.isidentifier() or first.value in RESERVED:
            add(plan, site.call, f"the parameter name {first.value!r} cannot be an attribute")
        elif site.loops:
            add(plan, site.call, "self.param in a loop is not handled")
    elif func.attr == "sow":
        return
    elif func.attr == "variable":
        reason = variables.problem(site, {*plan.cls.methods, *(field.name for field in plan.cls.fields)})
        if reason is not None:
            add(plan, site.call, reason)
    elif func.attr != "make_rng":
        add(plan, site.call, f"self.{func.attr} is not handled by this version")
    elif site.loops or not all(isinstance(a, ast.Constant) for a in site.positional) or site.keywords:
        add(plan, site.call, "self.make_rng in a loop or with a computed stream name is not handled")


def _check_setup(plan: ClassPlan, trace: Trace, facts: Facts) -> None:
    """Every statement of setup must be understood, for setup disappears."""
    covered = {event.node for event in events(trace.events) if isinstance(event, Assignment)}
    sites = [site.node for site in trace.sites if site.method == "setup"]

    def known(statement: ast.stmt) -> bool:
        if statement in covered or statement in trace.understood or isinstance(statement, ast.Pass):
            return True
        if isinstance(statement, (ast.If, ast.For)):
            return all(known(inner) for inner in [*statement.body, *statement.orelse])
        if isinstance(statement, ast.Match):
            return all(known(inner) for case in statement.cases for inner in case.body)
        if is_maker(statement, plan.cls):
            return not unclear(statement, plan.cls, trace.sites, covered | trace.understood)  # type: ignore[arg-type]
        if isinstance(statement, ast.Expr):
            call = statement.value
            above = isinstance(call, ast.Call) and of_super(call.func) and call.func.attr == "setup"  # type: ignore[attr-defined]
            return above or isinstance(call, ast.Constant)
        if isinstance(statement, (ast.Assert, ast.Raise)):
            return False  # of something that only the call knows
        if isinstance(statement, ast.Assign) and all(isinstance(target, ast.Name) for target in statement.targets):
            if facts.module_class(statement.value) is not None:
                return True  # `dense = partial(nn.Dense, …)`: written out where it is called
        if isinstance(statement, ast.Assign) and all(_kept_class(target, plan, trace) for target in statement.targets):
            return True
        inside = {id(n) for n in ast.walk(statement)}
        return isinstance(statement, (ast.Assign, ast.AnnAssign)) and any(id(call) in inside for call in sites)

    for statement in plan.cls.methods["setup"].body:
        if not known(statement):
            add(plan, statement, f"`{ast.unparse(statement).splitlines()[0][:60]}` in setup is not understood")


def _kept_class(target: ast.expr, plan: ClassPlan, trace: Trace) -> bool:
    """`self.block = partial(Block, …)` in setup, where all that the class does with it is to make modules of it."""
    name = _self_attribute(target)
    kept = trace.attributes.get(name or "")
    if not isinstance(kept, Partial) or kept.via is not None:
        return False
    setup = set(ast.walk(plan.cls.methods["setup"]))
    makes = {site.call.func for site in trace.sites}
    reads = (node for node in plan.cls.nodes if _self_attribute(node) == name and node not in setup)
    return all(node in makes for node in reads)


def check_plan(plan: ClassPlan, facts: Facts, made: set[str], trace: Trace) -> None:
    """Rewrite Linen functions to their NNX names; refuse what Linen is left over; `made` are variables by `self.variable`."""
    _check_unknown_modules(plan, facts, trace)
    for call, reason in borrowed.borrowed(plan, facts, trace):
        add(plan, call, reason)
    skip: set[ast.AST] = {*plan.expressions, *plan.removed, *plan.decorators, *(f.node for f in plan.fields)}
    skip |= {plan.cls.methods[name] for name in ("setup", "__post_init__") if name in plan.cls.methods}
    layers, made_here = given_layers.fields(plan.cls), given_layers.made(trace)
    for node in _nodes(plan.cls.node, skip):
        if (text := given_layers.setting(node, layers, idle(plan.cls))) is not None:
            plan.expressions[node] = text
        elif (answer := given_layers.answer(node, made_here)) is not None:
            plan.expressions[node] = answer
        elif (why := given_layers.untold(node, made_here)) is not None:
            add(plan, node, why, "read it where the layer is made")
        skip |= initial.settle(plan, node, facts)
        if isinstance(node, ast.Call) and facts.linen_name(node.func) == "merge_param" and len(node.args) == 3:
            _, own, given = (ast.unparse(argument) for argument in node.args)
            text = f"{given} if {given} is not None else {own}"
            plan.expressions[node] = operand(text, facts.names.parent(node) or node, node)
            skip.add(node.func)
        elif isinstance(node, ast.Call) and _self_attribute(node.func) == "sow":
            _sow(plan, node)
            skip.add(node.func)
        elif isinstance(node, ast.Subscript) and _made_variable(node) in made:
            plan.expressions[node] = f"self.{_made_variable(node)}[...]"
            skip.add(node.value)
        elif isinstance(node, ast.Call) and _self_attribute(node.func) == "has_variable":
            _ask(plan, node, made)
            skip.add(node.func)
        elif isinstance(node, ast.Attribute) and _self_attribute(node) in LINEN_ONLY:
            known = node.attr in facts.fields_of(plan.cls) or node.attr in plan.cls.methods
            if not known and not functional.rewrite(plan, node, facts):
                add(plan, node, functional.REASONS.get(node.attr) or f"self.{node.attr} is not handled by this version")
        elif isinstance(node, (ast.Name, ast.Attribute)):
            origin = facts.origin(node)
            parent = facts.names.parent(node)
            if _handed_out(node, parent, facts):
                add(plan, node, f"`{ast.unparse(node)}` is given to a function, and what that makes of it cannot be told")
            if not origin or not origin.startswith("flax.linen") or is_alias(node, facts):
                continue
            if isinstance(parent, ast.Attribute) and (facts.origin(parent) or "").startswith("flax.linen."):
                continue  # the whole dotted name is looked at, not its parts
            if node in plan.cls.node.bases:
                continue
            reason = functions.rewrite(plan, node, facts)
            if reason:
                add(plan, node, reason)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "super":
            if not _inherits(node, plan.cls):
                add(plan, node, "`super()` of a Linen module is not handled")


def _handed_out(node: ast.expr, above: ast.AST | None, facts: Facts) -> bool:
    """Whether a class of the project is an argument of a call that is left as it is."""
    given = above.value if isinstance(above, ast.keyword) else node
    call = facts.names.parent(above) if isinstance(above, ast.keyword) else above
    if not isinstance(call, ast.Call) or given is not node or node is call.func:
        return False
    asks = isinstance(call.func, ast.Name) and call.func.id in ("isinstance", "issubclass", "super")
    ref = facts.module_class(node) if not asks else None
    return ref is not None and ref.local is not None


def _inherits(node: ast.Call, cls: LinenClass) -> bool:
    """Whether `super()` is asked for a method that a base in the project has."""
    above = cls.facts.names.parent(node)
    name = above.attr if isinstance(above, ast.Attribute) and of_super(above) else ""
    return cls.facts.defining(cls, name, cls) is not None


def _check_unknown_modules(plan: ClassPlan, facts: Facts, trace: Trace) -> None:
    """What is made by a call of something unknown, and called, may be a Linen module."""
    for call, name in unknown_modules(plan.cls, facts):
        advice = "give the file that defines it as well, or wrap it with nnx.bridge.ToNNX"
        add(plan, call, f"`{name}` may be a Linen module, and its class cannot be seen", advice)
    for made in variables_of_others(plan.cls):
        add(plan, made, f"`{ast.unparse(made.func)}` makes a variable of a module that the method is given", "write `self`")
    for read, reason in unfollowed(plan.cls, trace):
        add(plan, read, reason, "make the layers in the class, or keep the Linen class for now")
    setup = plan.cls.methods.get("setup")
    if setup is None:
        return
    called = {_self_attribute(node.func) for node in plan.cls.nodes if isinstance(node, ast.Call)}
    for node in ast.walk(setup):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and facts.module_class(node.value.func) is None:
            kept = trace.attributes.get(_self_attribute(node.targets[0]) or "")
            if classes_of(node.value.func, facts) or isinstance(kept, (Partial, Module, Either)):
                continue
            origin = facts.origin(node.value.func) or ""
            names = {_self_attribute(target) for target in node.targets} - {None}
            if names & called and origin not in TO_LINEN and origin.partition(".")[0] not in ("functools", "jax", "numpy"):
                add(plan, node, f"`self.{names.pop()}` may be a module, and which class it has cannot be told")


def _sow(plan: ClassPlan, node: ast.Call) -> None:
    """`self.sow('intermediates', 'h', x)` becomes `self.sow(nnx.Intermediate, 'h', x)`."""
    first = node.args[0] if node.args else None
    if not isinstance(first, ast.Constant) or first.value != "intermediates":
        add(plan, node, "self.sow into a collection other than 'intermediates' is not handled")
        return
    plan.expressions[first] = "nnx.Intermediate"
    note = "self.sow stores a value at every call now: read and clear them with nnx.pop(model, nnx.Intermediate)"
    plan.notes.append(f"line {node.lineno}: {note}")


def _made_variable(node: ast.Subscript) -> str | None:
    """`cached_key` of `self.variables['cache']['cached_key']`."""
    inner = node.value
    literal = isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str)
    whole = isinstance(inner, ast.Subscript) and _self_attribute(inner.value) == "variables"
    return node.slice.value if literal and whole else None  # type: ignore[attr-defined]


def _ask(plan: ClassPlan, node: ast.Call, made: set[str]) -> None:
    """`self.has_variable('cache', 'key')` asks for an attribute."""
    name = node.args[1] if len(node.args) == 2 else None
    if isinstance(name, ast.Constant) and name.value in made:
        plan.expressions[node] = f'hasattr(self, "{name.value}")'
    else:
        add(plan, node, f"`{ast.unparse(node)[:60]}` asks for a variable that the class does not make")


def _self_attribute(node: ast.AST) -> str | None:
    own = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self"
    return node.attr if own else None  # type: ignore[attr-defined]


def _nodes(node: ast.AST, skip: set[ast.AST]) -> Iterator[ast.AST]:
    stack = [node]
    while stack:
        current = stack.pop()
        if current in skip:
            continue
        yield current
        stack.extend(ast.iter_child_nodes(current))

"""Methods that run their own module with parameters that they are given: `self.apply({"params": params}, x)`.

NNX calls a copy of the module that has them, `self.with_params(params)(x)`; its first parameters are those of the constructor.
"""
from __future__ import annotations

import ast
import re

from flake8_nnx.migrate.lines import quoted
from flake8_nnx.migrate.model import ClassPlan
from flake8_nnx.source.inittext import root_is_self
from flake8_nnx.source.linen import Facts, LinenClass

METHOD = "with_params"
TEXT = f'''def {METHOD}(self, params):
{{indent}}"""A copy of this module that has these parameters."""
{{indent}}rest = nnx.state(self, nnx.Not(nnx.Param))
{{indent}}return nnx.merge(nnx.graphdef(self), params, rest)
'''
CALLED_OTHERWISE = frozenset({"rngs", "mutable", "method", "capture_intermediates", "variables"})
VALUE = "lambda variables, *args: self.{}(variables[\"params\"])(*args)"

REASONS = {
    "apply": "self.apply with more than parameters and inputs, or in `__call__`, is not handled",
    "init": 'self.init is not handled, but for `self.init(key, x)["params"]` outside of `__call__`',
}


def rewrite(plan: ClassPlan, node: ast.Attribute, facts: Facts) -> bool:
    """Plan what `self.apply` and `self.init` become; False where that cannot be said."""
    method = facts.enclosing_method(node)
    if method is None or method.name in ("setup", "__post_init__", "__call__"):
        return False
    return _init(plan, node, facts) if node.attr == "init" else node.attr == "apply" and _apply(plan, node, facts)


def _apply(plan: ClassPlan, node: ast.Attribute, facts: Facts) -> bool:
    call = facts.names.parent(node)
    if not _gets_method(plan):
        return False
    if not isinstance(call, ast.Call) or call.func is not node:
        plan.expressions[node] = VALUE.format(METHOD) if _is_argument(call, node) else f"({VALUE.format(METHOD)})"
        return True
    params = _params(call.args[0]) if call.args else None
    if params is None or any(keyword.arg is None or keyword.arg in CALLED_OTHERWISE for keyword in call.keywords):
        return False
    plan.expressions[node] = f"self.{METHOD}({facts.text.segment(params, {})})"
    plan.dropped[call] = {0}
    return True


def _is_argument(above: ast.AST | None, node: ast.AST) -> bool:
    return isinstance(above, (ast.keyword, ast.Assign, ast.Return)) or isinstance(above, ast.Call) and node in above.args


def _params(variables: ast.expr) -> ast.expr | None:
    """`params` of `{"params": params}`, which holds nothing else."""
    plain = isinstance(variables, ast.Dict) and len(variables.keys) == 1
    key = variables.keys[0] if plain else None  # type: ignore[attr-defined]
    return variables.values[0] if isinstance(key, ast.Constant) and key.value == "params" else None  # type: ignore


def _gets_method(plan: ClassPlan) -> bool:
    """Give the class the method, unless one that it derives from has it; False where the name is something else."""
    above = plan.cls.facts.ancestors(plan.cls)
    if any(METHOD in cls.methods or METHOD in cls.facts.fields_of(cls) for cls in above) or METHOD in plan.stems.values():
        return False
    if TEXT not in plan.methods and not any(map(_applies, above[1:])):
        plan.methods.append(TEXT)
    return True


def _applies(cls: LinenClass) -> bool:
    return any(isinstance(node, ast.Attribute) and node.attr == "apply" and root_is_self(node) for node in cls.nodes)


def _init(plan: ClassPlan, node: ast.Attribute, facts: Facts) -> bool:
    """`self.init(key, x)["params"]` is what the constructor has made."""
    call = facts.names.parent(node)
    whole = facts.names.parent(call) if isinstance(call, ast.Call) and call.func is node else None
    if not isinstance(whole, ast.Subscript) or whole.value is not call or re.sub(r"\W", "", ast.unparse(whole.slice)) != "params":
        return False
    assert isinstance(call, ast.Call)
    if not call.args or any(keyword.arg is None or keyword.arg in CALLED_OTHERWISE for keyword in call.keywords):
        return False
    plan.expressions[whole] = "nnx.state(self, nnx.Param)"
    note = f"`{quoted(call)}` drew parameters: they are those of the constructor now, which draws them from its own `rngs`"
    plan.notes.append(f"line {node.lineno}: {note}, and have the names of NNX")
    return True

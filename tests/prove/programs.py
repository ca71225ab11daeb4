"""Random array programs, and the value of a table computed from the table alone."""
import random

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from flake8_nnx.verify.prove.interpret import Interpreter, opened, type_of
from flake8_nnx.verify.prove.loops import CONTROL
from flake8_nnx.verify.prove.rules.elementwise import ELEMENTWISE
from flake8_nnx.verify.prove.table import Table

SHAPES = [(2, 3), (3, 2), (1, 3), (3,), (2, 1), (4, 6), (6,), (), (2, 3, 4)]


def same_size(rng, x):
    options = [s for s in [(x.size,), (1, x.size), (2, -1), (-1, 2), (3, -1), (-1, 3, 1), (2, 2, -1)] if x.size % np.prod(
        [abs(d) for d in s if d != -1]) == 0]  # fmt: skip
    return rng.choice(options)


def scanned(x):
    if x.ndim < 1:
        return x
    return lax.scan(lambda s, v: ((s[0] + v, s[0] * 0.5, s[2]), v * s[1] + s[2]), (x[0], x[0], x[0] * 2), x)[1]


def counted(x):
    return lax.while_loop(lambda s: s[0] < 3, lambda s: (s[0] + 1, jnp.tanh(s[1]) + s[2], s[2]), (0, x, x * 0.5))[1]


# name: (number of operands, operation of the operands and of a number that chooses among variants)
OPERATIONS = {
    "add": (2, lambda x, y, n: x + y),
    "sub": (2, lambda x, y, n: x - y),
    "mul": (2, lambda x, y, n: x * y),
    "max": (2, lambda x, y, n: jnp.maximum(x, y)),
    "min": (2, lambda x, y, n: jnp.minimum(x, y)),
    "where": (2, lambda x, y, n: jnp.where((x > y) if n % 2 else ((x <= y).astype(jnp.int32) != 0), x, y * 0.5)),
    "tanh": (1, lambda x, n: jnp.tanh(x)),
    "square": (1, lambda x, n: [jnp.square, lambda v: lax.integer_pow(v, 2), lambda v: lax.integer_pow(v, 3)][n % 3](x)),
    "scale": (1, lambda x, n: x * [0.5, 2.0, -1.0, 0.25][n % 4]),
    "neg": (1, lambda x, n: -x),
    "bf16": (1, lambda x, n: x.astype(jnp.bfloat16).astype(jnp.float32)),
    "transpose": (1, lambda x, n: jnp.transpose(x, random.Random(n).sample(range(x.ndim), x.ndim))),
    "reshape": (1, lambda x, n: x.reshape(same_size(random.Random(n), x))),
    "expand": (1, lambda x, n: jnp.expand_dims(x, n % (x.ndim + 1)) if x.ndim < 4 else x),
    "squeeze": (1, lambda x, n: jnp.squeeze(x)),
    "repeat": (1, lambda x, n: jnp.broadcast_to(x, (2, *x.shape)) if x.ndim < 4 else x),
    "slice": (1, lambda x, n: lax.slice_in_dim(x, n % 2, x.shape[-1], 1 + n % 3 // 2, x.ndim - 1)
              if x.ndim and x.shape[-1] > 1 else x),
    "split": (1, lambda x, n: jnp.split(x, 2, n % x.ndim)[n % 2] if x.ndim and x.shape[n % x.ndim] % 2 == 0 else x),
    "concat": (2, lambda x, y, n: jnp.concatenate([x, y] if n % 2 else [y, x], 0)
               if x.shape == y.shape and 0 < x.ndim and x.size < 60 else x),
    "unstack": (1, lambda x, n: jnp.unstack(x, axis=n % x.ndim)[-1] if x.ndim else x),
    "stack": (2, lambda x, y, n: lax.stack([x, y], axis=n % (x.ndim + 1)) if x.shape == y.shape and x.ndim < 4 else x),
    "sum": (1, lambda x, n: jnp.sum(x, n % x.ndim, keepdims=n % 3 == 0) if x.ndim else x),
    "maximum": (1, lambda x, n: jnp.max(x, n % x.ndim, keepdims=n % 3 == 0) if x.ndim else x),
    "cumsum": (1, lambda x, n: jnp.cumsum(x, n % x.ndim) if x.ndim else x),
    "reverse": (1, lambda x, n: jnp.flip(x, n % x.ndim) if x.ndim else x),
    "dot": (2, lambda x, y, n: x @ y if x.ndim == y.ndim == 2 and x.shape[1] == y.shape[0] else x + 1.0),
    "dot transposed": (2, lambda x, y, n: x @ y.T if x.ndim == y.ndim == 2 and x.shape[1] == y.shape[1] else x - 1.0),
    "scan": (1, lambda x, n: scanned(x)),
    "while": (1, lambda x, n: counted(x)),
    "cond": (2, lambda x, y, n: lax.cond(jnp.sum(x) > n % 2, lambda: x * 2, lambda: jnp.tanh(x))),
    "jit": (2, lambda x, y, n: jax.jit(jax.checkpoint(lambda v: v * 2 + 1))(x)),
}  # fmt: skip


def program(seed, length=14):
    """A list of (operation, operand numbers, variant); the first values are the inputs."""
    rng = random.Random(seed)
    steps = []
    for k in range(length):
        name = rng.choice(list(OPERATIONS))
        operands = [rng.choice([rng.randrange(len(SHAPES) + k), max(0, len(SHAPES) + k - 1 - rng.randrange(3))])
                    for _ in range(OPERATIONS[name][0])]  # fmt: skip
        steps.append((name, operands, rng.randrange(12)))
    return steps


def mutated(steps, seed):
    """One step changed: another operation, another operand, or another variant."""
    rng = random.Random(seed)
    k = rng.randrange(len(steps))
    name, operands, n = steps[k]
    kind = rng.choice(["operation", "operand", "variant", "order"])
    if kind == "operation":
        name = rng.choice([other for other in OPERATIONS if OPERATIONS[other][0] == len(operands)])
    elif kind == "operand":
        operands = [*operands[:-1], rng.randrange(len(SHAPES) + k)]
    elif kind == "order":
        operands = operands[::-1]
    else:
        n = rng.randrange(12)
    return [*steps[:k], (name, operands, n), *steps[k + 1 :]]


def execute(steps, inputs):
    """The last four values; operands that do not fit together are replaced by the first one alone."""
    values = list(inputs)
    for name, operands, n in steps:
        chosen = [values[k] for k in operands]
        if len(chosen) == 2:
            try:
                jnp.broadcast_shapes(chosen[0].shape, chosen[1].shape)
            except ValueError:
                if not name.startswith("dot"):
                    chosen[1] = chosen[0]
        result = OPERATIONS[name][1](*chosen, n)
        values.append(result if result.size < 200 else jnp.sum(result, 0))
    return values[-4:]


def known_by(params):
    """What stays of normal parameters under the rules."""
    return frozenset(pair for pair in params if pair[0] not in ("axes", "dimension_numbers", "preferred_element_type"))


def plain(value):
    """A tuple of tuples from its normal form."""
    return tuple(map(plain, value[1:])) if isinstance(value, tuple) else value


class Recorder(Interpreter):
    """Keeps the parameters and constants as JAX has them, by their normal form."""

    def __init__(self, table):
        super().__init__(table, CONTROL)
        self.raw, self.constants, self.operations = {}, {}, {}

    def params(self, raw, lambdas):
        name = self.name
        normal = super().params(raw, lambdas)
        self.raw[name, known_by(normal)] = raw
        return normal

    def equation(self, equation, operands):
        self.name = equation.primitive.name
        self.operations[self.name] = equation.primitive
        return super().equation(equation, operands)

    def const(self, value, aval=None):
        number = super().const(value, aval)
        self.constants[number] = jnp.asarray(value if aval is None else np.asarray(value, aval.dtype))
        return number


def table_values(function, inputs, rules):
    """Outputs of a program, computed from the canonical values that the table has for it."""
    jaxpr = jax.make_jaxpr(function)(inputs)
    recorder = Recorder(Table(rules))
    leaves = [recorder.table.leaf(("input", str(k)), *type_of(v.aval)) for k, v in enumerate(opened(jaxpr)[0].invars)]
    outputs = recorder.run(jaxpr, leaves)
    known = dict(zip(leaves, jax.tree.leaves(inputs)))
    return [Meaning(recorder, known, {}).value(number) for number in outputs]


class Meaning:
    """Values of a table for given inputs, within given loop iterations."""

    def __init__(self, recorder, known, places):
        self.recorder, self.table, self.known, self.places = recorder, recorder.table, known, places

    def value(self, number):
        if number not in self.known:
            self.known[number] = self.compute(number)
            node = self.table.nodes[number]
            assert self.known[number].shape == node.shape and str(self.known[number].dtype) == node.dtype, node
        return self.known[number]

    def inside(self, level, place, carries):
        known = {n: v for n, v in self.known.items() if not self.table.varies(n, level)}
        return Meaning(self.recorder, {**known, **carries}, {**self.places, level: place})

    def compute(self, number):
        node = self.table.nodes[number]
        if node.op == "const":
            return self.recorder.constants[number]
        if node.op in ("scan_carry", "scan_stack", "while"):
            return self.loop(node)
        operands = [self.value(operand) for operand in node.operands] if node.op != "cond" else []
        if node.op == "view":
            axes, base = node.param("axes"), operands[0]
            kept = [axis for axis in axes if axis is not None]
            base = base.reshape([d for k, d in enumerate(base.shape) if k in kept])
            base = jnp.transpose(base, [sorted(kept).index(axis) for axis in kept])
            fitted = [d if axis is not None else 1 for axis, d in zip(axes, node.shape)]
            return jnp.broadcast_to(base.reshape(fitted), node.shape)
        if node.op == "reshape":
            return operands[0].reshape(node.shape)
        if node.op == "slice1":
            return lax.slice_in_dim(operands[0], node.param("start"), node.param("limit"), 1, node.param("axis"))
        if node.op == "concatenate":
            return lax.concatenate(operands, node.param("dimension"))
        if node.op == "element":
            place = self.places[node.param("level")]
            return operands[0][node.param("length") - 1 - place if node.param("reverse") else place]
        if node.op == "cond":
            index = int(self.value(node.operands[0]))
            return self.value(node.operands[1:][index])
        if node.op in ELEMENTWISE:
            operands = [jnp.broadcast_to(x, node.shape) for x in operands]
        raw = dict(self.recorder.raw.get((node.op, known_by(node.params)), {}))
        if "axes" in raw:
            raw["axes"] = node.param("axes")[1:]
        if "dimension_numbers" in raw and node.op == "dot_general":
            raw["dimension_numbers"] = plain(node.param("dimension_numbers"))
        primitive = self.recorder.operations.get(node.op) or getattr(lax, f"{node.op}_p")
        return primitive.bind(*operands, **raw)

    def loop(self, node):
        roots, flat, level = node.operands[: node.param("roots")], node.operands[node.param("roots") :], node.param("level")
        equations = {flat[k]: (flat[k + 1], flat[k + 2]) for k in range(0, len(flat), 3)}
        carries = {leaf: self.value(first) for leaf, (first, _) in equations.items()}
        stack = []
        length = node.param("length", 10**6)
        for place in range(length):
            inner = self.inside(level, place, carries)
            if node.op == "while" and not inner.value(roots[1]):
                break
            if node.op == "scan_stack":
                stack.append(inner.value(roots[0]))
            carries = {leaf: inner.value(following) for leaf, (_, following) in equations.items()}
        if node.op == "scan_stack":
            return jnp.stack(stack[::-1] if node.param("reverse") else stack)
        return carries[roots[0]]

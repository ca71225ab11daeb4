"""Collections by name: of what is known to be Linen variables, not of other dictionaries with such keys."""
import flax.linen as nn
import jax
import jax.numpy as jnp
import neptune
import requests
from flax import nnx
from flax.core import freeze, unfreeze
from sklearn.model_selection import GridSearchCV

model = nn.Dense(3)  # NNX110: 8
x = jnp.ones((2, 4))
variables = model.init(jax.random.key(0), x)  # NNX301: 12
params = variables["params"]  # NNX204: 9
stats = variables.get("batch_stats", {})  # NNX204: 8
again = unfreeze(variables)["params"]  # NNX204: 8 NNX701: 8
own = freeze(unfreeze(variables))["ema_params"]  # NNX204: 6 NNX701: 6 NNX701: 13
y, updates = model.apply(variables, x, mutable=["batch_stats"])  # NNX310: 13 NNX312: 39
stats = updates["batch_stats"]  # NNX204: 8
joined = {"params": params, "batch_stats": stats}  # NNX204: 9
z, created = model.init_with_output(jax.random.key(1), x)  # NNX302: 13
cache = created.pop("cache")  # NNX204: 8
shapes = jax.eval_shape(model.init, jax.random.key(0), x)["params"]  # NNX304: 24 NNX204: 9
compiled = jax.jit(model.init)(jax.random.key(0), x)  # NNX304: 19
parameters = compiled["params"]  # NNX204: 13


def unknown(network, key, x):
    weights = network.init(key, x)  # NNX301: 14
    return weights["params"]  # NNX204: 11


def by_use(weights, stats, key, x):
    variables = {"params": weights, "batch_stats": stats}  # NNX204: 16
    y = model.apply(variables, x)  # NNX310: 8
    variables["batch_stats"] = stats  # NNX204: 4
    return y, variables["params"], (lambda v: (model.apply(v, x), v["params"]))  # NNX204: 14 NNX310: 47 NNX204: 66


class Tied(nn.Module):  # NNX103: 11
    def setup(self):  # NNX102: 4
        self.embed = nn.Embed(3, 4)  # NNX113: 21

    def __call__(self, x):
        shared = self.embed.variables["params"]  # NNX204: 17
        return self.variables.get("cache"), shared  # NNX204: 15


def taken_apart(key):
    module, held = model.bind(variables).unbind()  # NNX310: 19 NNX310: 19
    return module, held["params"]  # NNX204: 19


def written(value):
    variables["params"] = value  # NNX204: 4
    del variables["batch_stats"]


def passed(network, key, x):
    started = jax.jit(network.init)(key, x)  # NNX304: 22
    return started.get("params")  # NNX204: 11


# ---- silent -------------------------------------------------------------------------------------------------------


def query(url, page):
    answer = requests.get(url, {"params": {"page": page}})
    return answer.json()["params"], answer.json().get("batch_stats")


run = neptune.init("workspace/project", "token")
run["params"] = {"lr": 0.1}
fetched = run["params"].fetch()

grid = {"params": {"C": [1, 10]}, "batch_stats": None}
search = GridSearchCV(None, grid["params"])
config = dict(params=3, cache="/tmp")
path = config["cache"], config.get("params")
torch_groups = [{"params": [1, 2]}, {"params": [3], "lr": 0.1}]
first_group = torch_groups[0]["params"]


def load(checkpoint):
    restored = checkpoint.load("model.msgpack")
    return restored["params"], restored.get("batch_stats")


def parameter(variables, key):
    return variables["params"], variables[key]


def computed(key):
    return variables[key]


def options(parser, weights):
    given = {"params": weights}
    given["params"] = parser.parse(given)
    del given["params"]
    return parser.run(given["params"])


class Own(nn.Module):  # noqa: NNX103
    variables: dict  # noqa: NNX104

    def __call__(self, x):
        return self.variables["params"], x.variables["params"]


class Template:
    def __init__(self):
        self.variables = {"params": 3}

    def render(self, other):
        return self.variables["params"], other.variables["params"]


def shadowed(variables):
    return variables["params"]


def rebound():
    variables = {"params": 3}
    return variables["params"]


def other(tx, solver, params):
    state = tx.init(params)
    other = solver.init(params, 3)
    return state["count"], other["params_ema"]


converted = nnx.state(nnx.Linear(3, 4, rngs=nnx.Rngs(0)), nnx.Param)
kernel = converted["kernel"]

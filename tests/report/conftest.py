"""A small code base with every kind of class, shared by the tests of reports."""
import textwrap

import pytest

FILES = {
    "app/layers.py": """
        import flax.linen as nn

        class Block(nn.Module):
            features: int

            @nn.compact
            def __call__(self, x):
                return nn.relu(nn.Dense(self.features)(x))

        class Scoped(nn.Module):
            @nn.compact
            def __call__(self, x):
                self.scope.put_variable("cache", "seen", x)
                return x
        """,
    "app/models.py": """
        import flax.linen as nn
        from app.layers import Block

        class Model(nn.Module):
            @nn.compact
            def __call__(self, x):
                return Block(8)(x)

        class Plain:
            pass

        model = Model()

        def run(key, x):
            return model.init(key, x)
        """,
    "app/new.py": """
        from flax import nnx

        class Base(nnx.Module):
            pass

        class Done(Base):
            def __init__(self, *, rngs: nnx.Rngs):
                self.dense = nnx.Linear(4, 4, rngs=rngs)
        """,
    "app/other.py": "import torch\n\nclass Net(torch.nn.Module):\n    pass\n",
    "app/broken.py": "import flax.linen as nn\n\nclass Half(nn.Module:\n",
    "app/__init__.py": "",
    "CODEOWNERS": "/app/ @everyone\n/app/layers.py @layers\n",
}


@pytest.fixture
def project(tmp_path, monkeypatch):
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path

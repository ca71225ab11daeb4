"""The reference models of flax and their NNX ports: verdicts, proofs, and wrong ports, none of which may be proved."""
import ast

import pytest
import reference_cases
from corpus import corpus
from reference_cases import PORTS, REFERENCE, REFERENCES, load, sides

pytestmark = [
    pytest.mark.jax,
    # Both work in flax 0.12: the way in which flax 0.10.7 reads variables, and collecting what is sown from the model.
    pytest.mark.filterwarnings("ignore:'.value' access is now deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings(r"ignore:Using 'Module.sow\(\)' outside:DeprecationWarning"),
]
NAMED = {case.name: case for case in REFERENCES}
# Runs and proof; of the others the proof alone, which takes a fifth of the time. The benchmark runs all of them.
RUN = ("lm1b, float32", "lm1b, bfloat16", "vae, reconstruction", "vae, generation", "ppo, 84x84x4", "sst2, embedder")
LEFT_OUT = ("wmt, float32", "wmt, bfloat16", "wmt, learned positions", "imagenet, bottleneck blocks")


def marked(names):
    return [pytest.param(name, marks=pytest.mark.corpus if name.startswith("lm1b") else ()) for name in names]


@pytest.mark.parametrize("name", marked(RUN))
def test_verdict(name):
    verdict, wanted = NAMED[name].verdict(), NAMED[name]
    assert verdict.status == wanted.status, verdict.reason
    if wanted.blamed:
        assert f"{wanted.blamed} (" in verdict.reason and "same inputs" in verdict.reason
        assert "norm-dtype" in verdict.reason and "proof" not in verdict.evidence
    else:
        assert "agree bit for bit" in verdict.reason and "initial values are equal" in verdict.reason
    if verdict.status == "PROVED":
        assert all(part["proved"] and part["symbolic"] == ["b"] for part in verdict.evidence["proof"].values())


@pytest.mark.parametrize("name", marked(name for name in NAMED if name not in RUN + LEFT_OUT))
def test_proof(name):
    found, wanted = NAMED[name].proof(), NAMED[name].status
    assert (found.claim is not None) == (wanted == "PROVED"), found.evidence
    if wanted == "PROVED":
        assert "for every b" in found.claim and found.claim.partition(", if ")[2] == NAMED[name].condition


# What a careless port gets wrong: a configuration that shows it, the right text, the wrong text.
WRONG = [
    ("vae, reconstruction", "0.5 * logvar", "logvar"),
    ("vae, reconstruction", "self.decoder(z), mean, logvar", "self.decoder(mean), mean, logvar"),
    ("ppo, 84x84x4", " / 255.0", ""),
    ("ppo, 84x84x4", "nnx.log_softmax", "nnx.softmax"),
    ("imagenet, basic blocks", "epsilon=1e-5", "epsilon=1e-3"),
    ("imagenet, basic blocks", "self.act(self.shortcut(x, train) + y)", "self.shortcut(x, train) + self.act(y)"),
    ("imagenet, basic blocks", 'padding="SAME"', "padding=((1, 1), (1, 1))"),
    ("seq2seq, taught", "self.encoder(encoder_inputs, seq_lengths=lengths)", "self.encoder(encoder_inputs)"),
    ("seq2seq, sampling", "if not self.teacher_force", "if self.teacher_force"),
    ("seq2seq, sampling", "categorical(self.sampling()", "categorical(jax.random.key(0)"),
    ("sst2, embedder", "bernoulli(self.rngs()", "bernoulli(jax.random.key(0)"),
    ("sst2, embedder", "jnp.where(mask, jnp.array([self.unk_idx]), inputs)", "jnp.where(mask, inputs, self.unk_idx)"),
    ("sst2, classifier", "jnp.where(mask, scores, -jnp.inf)", "scores"),
    ("sst2, classifier", 'self.sow(nnx.Intermediate, "attention", scores)', "pass"),
    ("wmt, decoding", "self.mlp(self.norm3(y))", "self.mlp(self.norm2(y))"),
    ("wmt, decoding", "jnp.ones_like(targets) > 0, inputs > 0", "jnp.ones_like(targets) > 0, inputs >= 0"),
    ("wmt, decoding", "index + 1", "index"),
    ("wmt, shared embedding", " / jnp.sqrt(y.shape[-1])", ""),
]


@pytest.mark.parametrize("name, right, wrong", WRONG, ids=[f"{name}: {wrong}" for name, _, wrong in WRONG])
def test_a_wrong_port_is_not_proved(name, right, wrong, tmp_path, monkeypatch):
    model = NAMED[name].model
    text = (REFERENCE / model / "nnx_port.py").read_text(encoding="utf-8")
    assert right in text
    port = tmp_path / "nnx_port.py"
    port.write_text(text.replace(right, wrong), encoding="utf-8")
    pair = sides(model)[0], load(port, f"wrong_{model}")
    monkeypatch.setattr(reference_cases, "sides", lambda model: pair)
    found = NAMED[name].proof()
    assert found.claim is None
    reasons = [part["reason"] for part in found.evidence.values() if not part["proved"]]
    assert reasons and not any("not understood" in reason for reason in reasons), reasons
    untraced = [reason for reason in reasons if "cannot be traced" in reason]
    assert all("Linen sows" in reason for reason in untraced) and bool(untraced) == (wrong == "pass"), reasons


@pytest.mark.corpus
@pytest.mark.parametrize("model", PORTS)
def test_the_linen_side_is_that_of_flax(model):
    upstream = corpus("flax") / "flax-0.12.8" / "examples" / model / "models.py"
    first, _, rest = (REFERENCE / model / "linen.py").read_text(encoding="utf-8").partition("\n")
    assert rest == upstream.read_text(encoding="utf-8") and "flax 0.12.8" in first and "unchanged" in first


@pytest.mark.parametrize("model", PORTS)
def test_ports_use_nnx_alone_and_keep_the_licence(model):
    text = (REFERENCE / model / "nnx_port.py").read_text(encoding="utf-8")
    lines = [ast.unparse(node) for node in ast.walk(ast.parse(text)) if isinstance(node, (ast.Import, ast.ImportFrom))]
    assert [line for line in lines if "flax" in line] == ["from flax import nnx"]
    assert text.startswith("# Copyright 2024 The Flax Authors.") and "Apache License" in text

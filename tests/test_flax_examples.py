"""Real programs of the flax distribution (vae, ppo, sst2): every Linen class flagged, rewritten, and verified or refused."""
import re
import shutil

import pytest
from corpus import corpus

from flake8_nnx.lint import lint_source
from flake8_nnx.migrate.run import migrate_paths

pytestmark = [pytest.mark.corpus, pytest.mark.jax]

MODES = 'kwargs={"deterministic": True}, train_kwargs={"deterministic": False}, rngs=("dropout",)'
# Shapes and settings as in the programs: 28x28 images and 20 latents; 84x84x4 Atari frames; sst2's default configuration.
CASES = {
    "vae": """
        Case("models.py:Encoder", init="Encoder(20)", args=("f32[2,784]",)),
        Case("models.py:Decoder", init="Decoder()", args=("f32[2,20]",)),
        Case("models.py:VAE", init="VAE(20)", args=("f32[2,784]", "key")),
        Case("models.py:VAE", init="VAE(20)", new_init="VAE(784, 20, rngs=rngs)", args=("f32[2,20]",), method="generate"),
    """,
    "ppo": """
        Case("models.py:ActorCritic", init="ActorCritic(num_outputs=4)", args=("f32[1,84,84,4]",)),
    """,
    "sst2": f"""
        Case("models.py:WordDropout", init="WordDropout(0.1, 1)", args=("i32[2,7]<50",), {MODES}),
        Case("models.py:Embedder", init="Embedder(50, 300, dropout_rate=0.5, word_dropout_rate=0.1, unk_idx=1)",
             args=("i32[2,7]<50",), {MODES}),
        Case("models.py:MLP", init="MLP(256, 1, dropout_rate=0.5)", args=("f32[2,512]",), {MODES}),
        Case("models.py:KeysOnlyMlpAttention", init="KeysOnlyMlpAttention(256)", args=("f32[2,7,512]", "bool[2,7]")),
        Case("models.py:AttentionClassifier", init="AttentionClassifier(256, 1, dropout_rate=0.5)",
             args=("f32[2,7,512]", "i32[2]<7"), {MODES}),
        Case("models.py:SimpleLSTM", init="SimpleLSTM(16)", args=(("f32[2,16]", "f32[2,16]"), "f32[2,7,30]")),
        Case("models.py:SimpleBiLSTM", init="SimpleBiLSTM(16)", args=("f32[2,7,30]", "i32[2]<7")),
        Case("models.py:TextClassifier", init="TextClassifier(4, 3, 50, 1, 0.5, 0.1)",
             args=("i32[2,5]<50", "i32[2]<5"), kwargs={{"deterministic": True}}),
    """,
}


@pytest.mark.parametrize("name", CASES)
def test_every_class_is_flagged(name):
    source = (corpus("flax") / "flax-0.12.8" / "examples" / name / "models.py").read_text()
    classes = re.findall(r"^class (\w+)\(nn\.Module\)", source, re.M)
    flagged = {finding.message.split("(")[0].strip("`") for finding in lint_source(source) if finding.code == "NNX103"}
    assert flagged == set(classes)


@pytest.mark.parametrize("name", CASES)
def test_every_class_is_verified_or_refused(name, tmp_path):
    shutil.copy(corpus("flax") / "flax-0.12.8" / "examples" / name / "models.py", tmp_path)
    cases = tmp_path / "cases.py"
    cases.write_text(f"from flake8_nnx.verify import Case\n\nCASES = [{CASES[name]}]\n")
    run = migrate_paths([tmp_path / "models.py"], cases=cases)
    assert run.errors == []
    verdicts = {record.cls: record.verdict for record in run.classes if record.status == "native"}
    refused = {record.cls: record.reason for record in run.classes if record.status == "refused"}
    assert set(verdicts.values()) == {"PROVED"}, [(record.cls, record.reason) for record in run.classes]
    assert refused == {} and all(record.written for record in run.classes)
    assert not [f for f in lint_source(run.files[0].new) if f.code.startswith("NNX1")]

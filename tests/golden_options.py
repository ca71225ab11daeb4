"""Goldens whose folder has an `options.txt` are migrated with these options."""
from flake8_nnx.migrate import modes


def with_options(planned, new, folder):
    """The new text as the options of its folder want it, which the plans note as well."""
    options = folder / "options.txt"
    if not options.exists():
        return new
    assert options.read_text().split() == ["--mode-flags"]
    modes.decide([planned], [new])
    return modes.with_modes([planned], [new])[0]

"""Verifies one case in this process: structure, then runs, then the place of the first difference."""
from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from flake8_nnx.case import Case
from flake8_nnx.verify import inputs as data
from flake8_nnx.verify import proof
from flake8_nnx.verify.blame import blame
from flake8_nnx.verify.build import linen_side, nnx_side
from flake8_nnx.verify.cause import likely_cause
from flake8_nnx.verify.compare import CONSTANT, Comparison, Mode, compare, compare_keys, devices
from flake8_nnx.verify.initial import Initial, compare_initial
from flake8_nnx.verify.keys import check_streams
from flake8_nnx.verify.locate import locate
from flake8_nnx.verify.measure import Figures
from flake8_nnx.verify.modes import in_both_modes
from flake8_nnx.verify.shapes import NamedSizes
from flake8_nnx.verify.sharding import without_mesh
from flake8_nnx.verify.sides import Arguments, LinenSide, NnxSide
from flake8_nnx.verify.synthesis import UNTRAINED
from flake8_nnx.verify.verdict import Different, Unfit, Unverifiable, Verdict, unverified


def check(
    case: Case,
    old_namespace: dict[str, Any],
    new_class: Any,
    new_namespace: dict[str, Any],
    variable_map: Mapping[str, Any] | None = None,
    *,
    device: str | None = None,
    always_prove: bool = False,
) -> Verdict:
    """The verdict on one case; every error becomes an UNVERIFIED with its reason, never an exception.

    Args:
        old_namespace: globals of the Linen file, in which `case.init` is evaluated.
        new_class, new_namespace: the NNX class and the globals of its file.
        variable_map: flat, or slots (see `flake8_nnx.variable_map`), or None to have one proposed.
        device: the platform or the one device to run on (`cpu`, `gpu:1`); every local one when not given.
        always_prove: try the proof where the numbers differ too; the evidence then says which parts are proved all the same.
    """
    with without_mesh():
        return _checked(case, old_namespace, new_class, new_namespace, variable_map, device, always_prove)


def _checked(
    case: Case,
    old_namespace: dict[str, Any],
    new_class: Any,
    new_namespace: dict[str, Any],
    variable_map: Mapping[str, Any] | None,
    device: str | None,
    always_prove: bool,
) -> Verdict:
    names: dict[str, str] = {}
    keys = 0
    try:
        module = _linen_module(case, old_namespace)
        case = in_both_modes(case, module, old_namespace, variable_map)
        first, modes = _arguments(case, module)
        linen, new, names, proposed = _sides(case, module, first, modes[0].arguments, new_class, new_namespace, variable_map)
        weights = {path: data.weight(path, tuple(s.shape), s.dtype) for path, s in linen.shapes.items()}
        weights |= linen.whole_numbers()
        found = compare(linen, new, weights, modes, devices(device))
        initial = None if found.difference else compare_initial(linen, new)
        equal = initial is not None and not initial.differs
        attempt = proof.attempt(linen, new, modes) if equal or always_prove else None
        if equal and attempt is not None and attempt.claim is None:
            keys = compare_keys(found, linen, new, weights, modes, devices(device))
    except Unfit as error:  # a guess that does not fit is no case
        return unverified(f"{'no case: ' if case.origin.startswith('synthesised') else ''}{error}")
    except Unverifiable as error:
        return unverified(str(error))
    except Different as error:
        return Verdict("DIFFERS", str(error), {}, names)
    except Exception as error:  # user code may raise anything
        return unverified(blame(error))
    return _verdict(found, initial, attempt, linen, new, weights, names, proposed, keys)


def _linen_module(case: Case, namespace: dict[str, Any]) -> Any:
    try:
        return case.build() if case.build else eval(case.init or f"{case.class_name}()", dict(namespace))  # noqa: S307
    except Exception as error:
        raise Unverifiable(f"the Linen module cannot be built: {blame(error)}") from error


def _arguments(case: Case, module: Any) -> tuple[Arguments, list[Mode]]:
    """What the module is initialised with, and every way in which it is called."""
    sizes = NamedSizes(lambda name: getattr(module, name, None))

    def made(args: Any, kwargs: Any) -> Arguments:
        values = data.materialise(tuple(args), 0, sizes), data.materialise(dict(kwargs), 1, sizes)
        return Arguments(*values, tuple(data.axes((tuple(args), dict(kwargs)))))

    try:
        modes = [Mode("eval", made(case.args, case.kwargs))]
        if case.train_kwargs is not None:
            modes.append(Mode("train", made(case.args, {**case.kwargs, **case.train_kwargs})))
        first = modes[0].arguments
        if case.init_args is not None or case.init_kwargs is not None:
            first = made(
                case.args if case.init_args is None else case.init_args,
                case.kwargs if case.init_kwargs is None else case.init_kwargs,
            )
    except ValueError as error:
        raise Unverifiable(f"case for {case.target}: {error}") from None
    return first, modes


def _sides(
    case: Case,
    module: Any,
    first: Arguments,
    arguments: Arguments,
    new_class: Any,
    new_namespace: dict[str, Any],
    variable_map: Mapping[str, Any] | None,
) -> tuple[LinenSide, NnxSide, dict[str, str], bool]:
    try:
        linen, sown = linen_side(module, case, first)
    except Unverifiable:
        raise
    except Exception as error:
        raise Unverifiable(f"the Linen module does not initialise with these inputs: {blame(error)}") from error
    try:
        sized = first if case.init_method else arguments
        new, names, proposed = nnx_side(new_class, linen, case, sized, variable_map, new_namespace, sown)
        check_streams(new.streams_by_place())
    except (Unverifiable, Different):
        raise
    except Exception as error:
        raise Unverifiable(f"the NNX module cannot be constructed: {blame(error)}") from error
    return linen, new, names, proposed


def _verdict(
    found: Comparison,
    initial: Initial | None,
    attempt: proof.Attempt | None,
    linen: LinenSide,
    new: NnxSide,
    weights: dict[str, Any],
    names: dict[str, str],
    proposed: bool,
    keys: int,
) -> Verdict:
    evidence: dict[str, Any] = {k: v.to_json() if isinstance(v, Figures) else v for k, v in found.evidence.items()}
    evidence["variable map"] = "proposed from names and shapes" if proposed else "given"
    evidence["case"] = linen.case.origin
    evidence["methods"] = sorted(linen.ran)
    if attempt is not None:
        evidence["proof"] = attempt.evidence
    if found.difference:
        place = locate(linen, new, weights, found.failure) if found.failure else None
        cause = likely_cause(linen, found.failure.mode, place) if found.failure and place else None
        if found.failure is None and attempt is not None:
            place = attempt.first_difference
        said = (found.difference, _in_nnx(found.difference, names), place, cause)
        return Verdict("DIFFERS", "; ".join(filter(None, said)), evidence, names)
    if initial is not None:
        evidence["initial values"] = initial.to_json()
        for path, problem in initial.differs.items():
            reason = f"the initial value of {path} differs: {problem}; {_in_nnx(path, names)}"
            return Verdict("DIFFERS", reason, evidence, names)
    if attempt is not None and attempt.fails:
        return Verdict("DIFFERS", f"the new code fails where the Linen code runs: {attempt.fails}", evidence, names)
    runs = {name: v for name, v in found.evidence.items() if isinstance(v, Figures)}
    exact = all(figures.max_abs == 0 for figures in runs.values())
    devices = ", ".join(sorted({name.rpartition("(")[2].rstrip(")") for name in runs}))
    modes = " and ".join(dict.fromkeys(name.split()[0] for name in runs))
    closeness = "bit for bit" if exact else f"within {max(f.of_bound for f in runs.values()):.2g} of their rounding bounds"
    start = ""
    if initial is not None and initial.unknown:
        start = f"; initial values were not compared: {next(iter(initial.unknown.values()))}"
    elif initial is not None and initial.equal:
        start = "; initial values are equal from the same random keys"
    start += f"; {UNTRAINED}" if UNTRAINED in linen.case.origin else ""
    if attempt is not None and attempt.claim:
        proved = f"{modes} outputs, state and gradients proved: {attempt.claim}"
        ran = f"runs on {devices}, with an optimiser step, agree {closeness}"
        return Verdict("PROVED", f"{proved}; {ran}{start}", evidence, names)
    if not found.depends:  # other weights may show more, and no proof says that they do not
        return unverified(CONSTANT)
    under = f", under {keys} random keys" if keys else ""
    ran = f"{modes} outputs, state, gradients and an optimiser step agree {closeness} on {devices}{under}"
    return Verdict("MATCHED", f"{ran}{start}", evidence, names)


def _in_nnx(reason: str, names: Mapping[str, str]) -> str | None:
    """`in NNX it is dense/kernel` for the first Linen variable that is named."""
    return next((f"in NNX it is {names[path]}" for path in re.findall(r"[\w/]+", reason) if path in names), None)

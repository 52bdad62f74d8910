"""What stands out in the data, with the samples that show it best."""

from collections.abc import Mapping, Sequence

import pandas as pd

from Data_processing.analytics.quantities import kinds
from Data_processing.analytics.tables import Tables, columns_of
from Data_processing.fingerprints.kin import CONTENT, FEATURES, LOOK
from Data_processing.sharing import Shared
from Datasets.analytics import Drift, Finding
from Datasets.metadata import ANNOTATED, COLUMN
from Datasets.splits import ALWAYS_TRAINS
from Datasets.terminal import counted

SHOWN = 8
"""Samples a finding names."""
NAMED = 5
"""Findings of one sort; the further ones are summed up in the last."""
RARE_SHARE = 0.1
"""A class with fewer samples than this share of the most frequent one is rare."""
DARK, LIGHT, FLAT = 0.05, 0.95, 0.02
"""Mean values, and a standard deviation, as shares of the type's range."""
TINY = 4.0
"""Pixels: a box whose shorter side is less is tiny."""
WHOLE = 0.95
"""Share of the image from which on a box is all of it."""
FAR_SIZE = 4.0
"""Times by which a side is longer or shorter than the median one."""


def findings(
    of: Tables,
    sharing: Sequence[Shared],
    drifts: Sequence[Drift],
    values: Mapping[str, pd.Series],
    names: Mapping[int, str],
) -> tuple[Finding, ...]:
    """Return what is to be looked at, what is wrong first.

    Args:
        of: samples, with columns fold, labels and label, and boxes.
        sharing: the sets of samples that share a picture, a look or a group.
        drifts: how the folds differ.
        values: what the folds were compared in.
        names: what each fold is called.
    """
    samples = of.samples
    found = [
        *_shared(sharing),
        *(_undecoded(samples) if of.is_decoded else ()),
        *_tones(samples),
        *_boxes(of.boxes),
        *_rare(samples),
        *_sizes(samples),
        *_kinds(samples),
        *_missing(samples),
        *_drifts(samples, drifts, values, names),
    ]
    return tuple(sorted(found, key=lambda one: not one.is_wrong))  # a stable sort


def _of(what: str, rows: pd.DataFrame, figures: str = "", is_wrong: bool = False) -> list[Finding]:
    """Return a finding about the samples of ``rows``, the best ones first; none of none."""
    ids = tuple(dict.fromkeys(rows["id"]))
    if not ids:
        return []
    return [Finding(what, figures or counted(len(ids), "image"), len(ids), ids[:SHOWN], is_wrong)]


def _shared(sharing: Sequence[Shared]) -> list[Finding]:
    """Return what is shared, by kind. What only a network finds alike is not called wrong."""
    inside = [one for one in sharing if len(set(one.folds)) == 1]
    across = [one for one in sharing if len(set(one.folds)) > 1]
    by_hash = [one for one in sharing if one.kind != FEATURES]
    sorts = [
        ("Equal or like images, labelled differently", _disputed(by_hash), True),
        ("The same image in two folds", _of_kind(across, CONTENT), True),
        ("Images that look alike in two folds", _of_kind(across, LOOK), True),
        ("Groups in two folds", _of_kind(across, "group"), True),
        ("Duplicates inside folds", _of_kind(inside, CONTENT), True),
        ("Images that look alike inside folds", _of_kind(inside, LOOK), False),
        ("Alike to the network, in two folds", _of_kind(across, FEATURES), False),
        ("Alike to the network, inside folds", _of_kind(inside, FEATURES), False),
        (
            "Alike to the network, labelled differently",
            _disputed(_of_kind(sharing, FEATURES)),
            False,
        ),
    ]
    return [
        Finding(
            what,
            counted(len(sets), "group" if sets[0].kind == "group" else "set"),
            sum(len(one.ids) for one in sets),
            tuple(dict.fromkeys(id_ for one in sets for id_ in _pair(one)))[:SHOWN],
            is_wrong,
        )
        for what, sets, is_wrong in sorts
        if sets
    ]


def _of_kind(sharing: Sequence[Shared], kind: str) -> list[Shared]:
    return [one for one in sharing if one.kind == kind]


def _disputed(sharing: Sequence[Shared]) -> list[Shared]:
    return [one for one in sharing if one.disputed()]


def _pair(one: Shared) -> tuple[str, str]:
    """Return two of a set that tell the most: of two labels, else of two folds."""
    if one.disputed():
        first, other = (one.labels.index(label) for label in one.said()[:2])
        return one.ids[first], one.ids[other]
    return one.ids[0], one.ids[one.other()]


def _undecoded(samples: pd.DataFrame) -> list[Finding]:
    unread = samples[samples["brightness"].isna()]
    return _of("Images that cannot be decoded", unread, is_wrong=True)


def _tones(samples: pd.DataFrame) -> list[Finding]:
    is_whole = samples["dtype"].str.startswith("u")
    whole = samples[is_whole].sort_values(["brightness", "id"])
    flat = samples[(samples["contrast"] == 0) | (is_whole & (samples["contrast"] < FLAT))]
    holes = samples[samples["holes"] > 0].sort_values(["holes", "id"], ascending=[False, True])
    return [
        *_of("Nearly black images", whole[whole["brightness"] < DARK]),
        *_of("Nearly white images", whole[whole["brightness"] > LIGHT][::-1]),
        *_of("Images with nearly nothing in them", flat.sort_values(["contrast", "id"])),
        *_of("Images with values that are no numbers", holes),
    ]


def _boxes(boxes: pd.DataFrame) -> list[Finding]:
    shorter = boxes.assign(shorter=boxes[["width", "height"]].min(axis=1))
    tiny = shorter[shorter["shorter"] < TINY].sort_values(["shorter", "id"])
    whole = boxes[boxes["share"] >= WHOLE].sort_values(["share", "id"], ascending=[False, True])
    said = f"{counted(len(tiny), 'box', 'boxes')}, the shorter side below {TINY:g} pixels"
    return [
        *_of("Tiny boxes", tiny, said),
        *_of("Boxes around the whole image", whole),
    ]


def _rare(samples: pd.DataFrame) -> list[Finding]:
    each = samples[["id", "labels"]].explode("labels").dropna()
    counts = each["labels"].value_counts()
    if counts.empty:
        return []
    rare = sorted(
        counts[counts < RARE_SHARE * counts.max()].items(), key=lambda one: (one[1], one[0])
    )
    found = []
    for label, count in rare[:NAMED]:
        figures = f"{counted(count, 'image')}, the most frequent class {counts.max():,}"
        found += _of(f"Rare class {label}", each[each["labels"] == label], figures)
    if len(rare) > NAMED:
        others = each[each["labels"].isin([label for label, _ in rare[NAMED:]])]
        found += _of(f"{len(rare) - NAMED:,} more rare classes", others)
    return found


def _sizes(samples: pd.DataFrame) -> list[Finding]:
    side = (samples["width"].astype(float) * samples["height"]) ** 0.5
    ratio = side / side.median()
    table = samples.assign(ratio=ratio)
    large = table[ratio > FAR_SIZE].sort_values(["ratio", "id"], ascending=[False, True])
    small = table[ratio < 1 / FAR_SIZE].sort_values(["ratio", "id"])
    most = "{}, the sides up to {:.1f} times the usual"
    return [
        *_of(
            "Far larger than the others",
            large,
            most.format(counted(len(large), "image"), ratio.max()),
        ),
        *_of(
            "Far smaller than the others",
            small,
            f"{counted(len(small), 'image')}, the sides down to {ratio.min():.2f} of the usual",
        ),
    ]


def _kinds(samples: pd.DataFrame) -> list[Finding]:
    kind = kinds(samples)
    counts = kind.value_counts().sort_index(kind="stable")
    usual = counts.idxmax()
    found = []
    for other in (one for one in counts.index if one != usual):
        own = samples[kind == other]
        figures = f"{counted(len(own), 'image')}; usually {usual}"
        found += _of(f"Channels and type: {other}", own, figures)
    return found


def _missing(samples: pd.DataFrame) -> list[Finding]:
    found = []
    for fact in ANNOTATED:
        name = fact.removeprefix("has_")
        without = samples[~samples[fact]]
        if len(without) < len(samples):  # else nobody annotates that here
            what = {"labels": "Without a label", "mask": "Without a mask"}.get(name)
            found += _of(what or f"Nobody looked for {name}", without)
    return found + _gaps(samples)


def _gaps(samples: pd.DataFrame) -> list[Finding]:
    """Return one finding about all columns of the tables in which values lack."""
    lacking = samples[columns_of(samples)].isna()
    gaps = lacking.sum()
    columns = sorted(gaps.index[gaps > 0], key=lambda column: (-gaps[column], column))
    if not columns:
        return []
    named = [f"{column.removeprefix(COLUMN)}: {gaps[column]:,}" for column in columns[:NAMED]]
    more = [f"{len(columns) - NAMED:,} more columns"] if len(columns) > NAMED else []
    table = samples.assign(lacking=lacking.sum(axis=1))
    rows = table[table["lacking"] > 0].sort_values(["lacking", "id"], ascending=[False, True])
    figures = f"{counted(len(rows), 'image')}; {', '.join([*named, *more])}"
    return _of("Values missing in the table", rows, figures)


def _drifts(
    samples: pd.DataFrame,
    drifts: Sequence[Drift],
    values: Mapping[str, pd.Series],
    names: Mapping[int, str],
) -> list[Finding]:
    """Return one finding a quantity: the fold that differs the most, and how many others do."""
    of_what: dict[str, list[Drift]] = {}
    for one in drifts:
        of_what.setdefault(one.what, []).append(one)
    found = [
        _drift(samples, own, values[what], names[own[0].fold])
        for what, own in list(of_what.items())[: NAMED + 1]
    ]
    if len(found) <= NAMED:
        return found
    others = list(of_what)[NAMED:]
    what = f"Folds differ in {len(others):,} more quantities"
    figures = ", ".join(others[:NAMED]) + (", ..." if len(others) > NAMED else "")
    last = found[NAMED]
    return [*found[:NAMED], Finding(what, figures, last.count, last.samples)]


def _drift(samples: pd.DataFrame, drifts: Sequence[Drift], values: pd.Series, name: str) -> Finding:
    """Return how a fold differs in ``values``, with the samples of it that do so the most."""
    drift = drifts[0]
    fold = samples["fold"] == drift.fold
    own, others = values[fold], values[~fold & (samples["fold"] != ALWAYS_TRAINS)]
    if values.dtype != "float64":
        surplus = own.value_counts(normalize=True).sub(
            others.value_counts(normalize=True), fill_value=0.0
        )
        most = min(surplus.items(), key=lambda one: (-one[1], str(one[0])))[0]
        rows = samples[fold & (values == most)]
        shares = [float((part.dropna() == most).mean()) for part in (own, others)]
        told = f"{most}: {shares[0]:.0%} of it, {shares[1]:.0%} of the others"
    else:
        is_more = own.median() >= others.median()
        order = pd.DataFrame({"id": samples["id"], "value": values})[fold].dropna()
        rows = order.sort_values(["value", "id"], ascending=[not is_more, True])
        told = f"median {own.median():.4g}, of the others {others.median():.4g}"
    more = f"; and {counted(len(drifts) - 1, 'other fold')}" if len(drifts) > 1 else ""
    figures = f"{told}; {drift.test} {drift.effect:.2f}, p {drift.p:.1g}{more}"
    what = f"{name[0].upper()}{name[1:]} differs in {drift.what}"
    return Finding(what, figures, int(fold.sum()), tuple(rows["id"][:SHOWN]))

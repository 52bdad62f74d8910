"""The verb ``preview``: what a step makes of one sample, as one PNG; no store is written.

It reads the store that the step reads, as it lies there, and calls what the stage calls with the
same draws: a copy that the stage makes looks here as it is stored.
"""

import argparse
from pathlib import Path

import msgspec

from Data_processing.interim import folder_of
from Data_processing.steps.process import fans_out, step_called, work_of
from Data_processing.steps.runner import copies_of, read
from Data_processing.steps.work import Work
from Datasets.errors import ImageError, SampleError, StageError
from Datasets.files import write_bytes
from Datasets.image import encode_png
from Datasets.index import Row
from Datasets.panel import Cell, check_out, panel, picture
from Datasets.params import load, nearest
from Datasets.sample import Sample
from Datasets.store import Store
from Datasets.terminal import answer, one_line


class Pair(msgspec.Struct, frozen=True):
    """A sample as the step reads it, and the copies that the step makes of that."""

    before: Sample
    after: tuple[Sample, ...]


class Preview(msgspec.Struct, frozen=True):
    """What a step makes of one sample.

    One pair where the step is the first to draw, or nothing is drawn; a pair a copy after that.
    """

    row: Row
    classes: tuple[str, ...]
    pairs: tuple[Pair, ...]
    remark: str
    """Why the stage makes other copies than these, or fewer were made than asked; or nothing."""

    def says(self) -> str:
        """Return how many copies there are, and how many tiles."""
        after = [sample for pair in self.pairs for sample in pair.after]
        tiles = len({sample.id for sample in after})
        if tiles > 1:
            return f"{tiles} tiles, copy 0 and {len(after) // tiles - 1} more of each"
        return f"copy 0 and {len(after) - 1} more"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the verb ``preview``."""
    parser.add_argument("step", help="an entry of `preprocess` in params.yaml")
    parser.add_argument(
        "--sample", required=True, help="a sample, by id or by path below the raw folder"
    )
    parser.add_argument(
        "--copies", type=_count, default=8, help="how many beside copy 0 (default: 8)"
    )
    parser.add_argument(
        "--out", type=Path, default=Path("preview.png"), help="default: preview.png"
    )


def run(arguments: argparse.Namespace) -> None:
    """Draw the sample before and after the step, and print where that is.

    Raises:
        ParamsError: there is no such step, or it is not sound.
        StageError: there is no such sample, or no PNG can be written.
        StoreError: the store that the step reads is missing.
        SampleError: the step cannot be done on the sample.
    """
    out = Path(arguments.out)
    check_out(out)
    made = preview(arguments.step, arguments.sample, arguments.copies)
    write_bytes(out, encode_png(panel(cells(made), made.classes)))
    says = f"{made.row.id} by {arguments.step}, {made.says()}"
    answer(f"{out}: {one_line(says)}{made.remark}")


def preview(name: str, sample: str, copies: int) -> Preview:
    """Return what the step ``name`` makes of a sample: copy 0 and up to ``copies`` more.

    Raises:
        ParamsError, StageError, StoreError, SampleError: as for ``run``.
    """
    params = load()
    step = step_called(params, name)
    work = work_of(params, name, step, folder_of(name))
    store = Store(work.reads)
    rows = rows_called(store, sample)[: 1 + copies]
    remark = _remark(work, store, copies)
    if fans_out(store, name, step):
        work = msgspec.structs.replace(work, copies=copies)
    try:
        pairs = tuple(_pair(work, store, row) for row in rows)
    except (ImageError, SampleError) as error:
        where = f"process@{name}: {one_line(rows[0].id)}"
        raise SampleError(f"{where}: {one_line(str(error))}") from error
    return Preview(rows[0], store.about.classes, pairs, remark)


def cells(made: Preview) -> list[Cell]:
    """Return the pictures of a panel, each before followed by what the step made of it."""
    found = []
    for pair in made.pairs:
        copy = pair.before.copy
        found.append(_cell(made, pair.before, f"before: copy {copy}" if copy else "before"))
        found += [_cell(made, sample, _title(pair.before, sample)) for sample in pair.after]
    return found


def rows_called(store: Store, sample: str) -> list[Row]:
    """Return all copies of a sample that a store holds, by its id or path, copy 0 first.

    Raises:
        StageError: no sample is called so, or several are.
    """
    index = store.index(["id", "dataset", "shard", "copy"])
    index = index[index["copy"] == 0]
    names = {sample, *(f"{dataset}/{sample}" for dataset in index["dataset"].unique())}
    found = index[index["id"].isin(names)]
    if sample in set(found["id"]):
        found = found[found["id"] == sample]
    if not len(found):
        known = [name for id_ in index["id"] for name in (id_, id_.partition("/")[2])]
        raise StageError(f"{store.folder}: no sample '{sample}'; {nearest(sample, known)}")
    if len(found) > 1:
        ids = " or ".join(f"'{id_}'" for id_ in sorted(found["id"]))
        raise StageError(f"{store.folder}: several samples are called '{sample}'; ask for {ids}")
    id_, shard = found["id"].iloc[0], int(found["shard"].iloc[0])
    return [row for row in store.rows(shard) if row.id == id_]


def _pair(work: Work, store: Store, row: Row) -> Pair:
    before = read(work, store, row)
    return Pair(before, tuple(copies_of(work, before)))


def _title(before: Sample, after: Sample) -> str:
    """Return which copy it is, and of which tile if the step cuts."""
    tile = after.id.removeprefix(before.id).lstrip("#,")
    return f"{tile} copy {after.copy}".lstrip()


def _cell(made: Preview, sample: Sample, title: str) -> Cell:
    drawn = picture(sample.image, sample.mask, sample.boxes, made.classes, sample.instances)
    return Cell(drawn, title, made.row.labels)


def _remark(work: Work, store: Store, copies: int) -> str:
    if fans_out(store, work.name, work.step):
        return f"; the stage makes {work.copies}, as `copies` says" if copies > work.copies else ""
    if copies <= store.about.copies:
        return ""
    if not store.about.copies:
        return "; nothing is drawn in this step or before it"
    return f"; {store.folder} has {store.about.copies}, and each copy is made of its own"


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"a whole number, 0 or above, was expected, got '{text}'")
    return int(text)

"""What strangers hand us: each broken file gets its own sentence, and nothing else comes out."""

import importlib
import pkgutil

import pytest

from Datasets.errors import DarkroomError
from tests.Data_processing.convert import corpus
from tests.Data_processing.convert.conftest import Bench
from tests.Data_processing.convert.corpus import Broken

MODULES = sorted(module.name for module in pkgutil.iter_modules(corpus.__path__))
CASES = {
    f"{name}: {case.name}": case
    for name in MODULES
    for case in importlib.import_module(f"{corpus.__name__}.{name}").CASES
}


@pytest.mark.parametrize("name", CASES)
def test_the_sentence(bench: Bench, name: str) -> None:
    case: Broken = CASES[name]
    for image, (width, height) in case.images.items():
        bench.image(image, width, height)
    for file, content in case.files.items():
        path = bench.raw / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    for link, target in case.links.items():
        (bench.raw / link).symlink_to(target)
    with pytest.raises(DarkroomError) as caught:
        bench.convert(case.options)
    assert case.sentence in str(caught.value)
    assert not bench.metadata.exists()


def test_the_corpus_is_large_and_each_case_is_one_of_a_kind() -> None:
    assert len(CASES) >= 60
    assert len({(case.options, str(sorted(case.files.items()))) for case in CASES.values()}) >= 60

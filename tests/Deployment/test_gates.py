import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from Deployment import gates
from Deployment.gates import Difference, Fault

UINT8, FLOAT32 = np.dtype("uint8"), np.dtype("float32")


def image(value: float, dtype: str = "uint8") -> np.ndarray:
    return np.full((10, 10, 3), value, dtype)


def test_a_pixel_counts_once_however_many_channels_differ() -> None:
    made = image(7)
    made[2, 3] = 9
    assert gates.difference("a", made, image(7)) == Difference("a", 2.0, 0.01)


@given(st.integers(0, 255), st.integers(0, 255))
def test_levels_do_not_wrap_around(one: int, other: int) -> None:
    assert gates.difference("a", image(one), image(other)).levels == abs(one - other)


def test_floats_may_differ_by_a_share_of_the_largest() -> None:
    near = gates.difference("a", image(100.0005, "float32"), image(100, "float32"))
    far = gates.difference("b", image(100.01, "float32"), image(100, "float32"))
    assert (near.levels, near.share) == (0.0, 0.0)
    assert [fault.id for fault in gates.pixel_faults([near, far], FLOAT32)] == ["b"]


def test_too_far_or_too_many_is_a_fault() -> None:
    fine = Difference("a", 1.0, 0.001)
    far, many = Difference("b", 2.0, 0.0005), Difference("c", 1.0, 0.0011)
    faults = gates.pixel_faults([fine, far, many], UINT8)
    assert faults == [
        Fault("b", "0.05 % of its pixels, by up to 2"),
        Fault("c", "0.11 % of its pixels, by up to 1"),
    ]
    assert gates.pixel_figures([fine], UINT8).differing == 1


def test_a_probability_that_is_off_is_a_fault() -> None:
    trained = np.array([[0.7, 0.3], [0.6, 0.4]], np.float32)
    said = trained + np.array([[0.0, 0.0], [0.002, -0.002]], np.float32)
    assert [f.id for f in gates.chance_faults(["a", "b"], said, trained, 1e-3)] == ["b"]
    assert gates.chance_faults(["a", "b"], said, trained, 1e-2) == []
    assert gates.chance_figures(said, trained, 1e-2).worst == 0.002


def test_another_class_is_a_fault_unless_it_was_nearly_a_tie() -> None:
    trained = np.array([[0.505, 0.495], [0.515, 0.485]], np.float32)
    said = trained[:, ::-1]
    faults = gates.chance_faults(["tie", "sure"], said, trained, allowed=0.5)
    assert faults == [Fault("sure", "a probability by 0.03, another class")]
    assert gates.chance_figures(said, trained, 0.5).other_class == 2


def test_ten_samples_are_named_and_the_others_counted() -> None:
    faults = [Fault(f"s{number:02d}", "off") for number in range(13)]
    lines = gates.refusal("model", 40, faults).splitlines()
    assert lines[0] == "model: 13 of 40 samples differ:"
    assert lines[1] == "  s00: off" and lines[10] == "  s09: off"
    assert lines[11:] == ["  and 3 more"]

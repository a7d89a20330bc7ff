"""A small run of `make fuzz`, and the inputs that it once found."""

import signal

import pytest

from benchmarks import fuzz


@pytest.fixture(autouse=True)
def alarm():
    before = signal.signal(signal.SIGALRM, fuzz._hung)
    yield
    signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("name", fuzz.FORMATS)
def test_damaged_files_raise_our_errors_alone(name):
    assert fuzz.run(name, 1, 25, memory=1 << 40) == []


@pytest.mark.parametrize(
    ("name", "seed"),
    [
        ("WARC", 19),
        ("TIFF", 1250),
        ("TIFF", 5048),
        ("CDX", 530517),
        ("DOCX", 501637),
        ("DOCX", 516957),
        ("PDF", 700672),
    ],
)
def test_what_was_found_once_is_mended(name, seed):
    assert fuzz.run(name, seed, 1, memory=1 << 40) == []


def test_an_input_is_the_same_for_a_seed():
    assert (
        fuzz.damaged([b"0123456789" * 20], 5)
        == fuzz.damaged([b"0123456789" * 20], 5)
        != fuzz.damaged([b"0123456789" * 20], 6)
    )

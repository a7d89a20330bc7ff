"""What the words around a number say of its stage, and how sure that is."""

import pytest

from osint.claims import extract
from osint.claims.assertion import StageWay


@pytest.mark.parametrize(
    ("text", "rung", "reason", "confidence"),
    [
        ("园区已投产机柜700架。", "running", "", "high"),
        ("The hall has 700 racks in operation.", "running", "", "high"),
        ("园区占地90亩,机柜700架。", "", "", "high"),
        ("园区去年投产,算力900P。", "running", StageWay.BEFORE, "medium"),
        ("机柜700架,已于去年投产。", "running", StageWay.BEHIND, "medium"),
        ("已建成、面向全省企业开放的智能化机房内机柜700架。", "roofed", StageWay.APART, "medium"),
        ("可承载机柜700架。", "roofed", StageWay.MAY_BE, "medium"),
        ("The hall could hold 700 racks by 2031.", "announced", StageWay.MAY_BE, "medium"),
        ("Phase 1 (12 MW, live since 2021) is full.", "running", StageWay.BRACKETS, "medium"),
    ],
)
def test_a_stage_that_no_word_beside_the_number_gives_is_not_of_high_confidence(text, rung, reason, confidence):
    claim = extract(text)[-1]
    assert (claim.rung, claim.rung_reason, claim.confidence) == (rung, reason, confidence)

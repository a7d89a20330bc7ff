"""What a claimed number would need: by hand, in proportion, and without any document."""

from dataclasses import replace

import pytest

from osint import model, verdict
from osint.model import Dossier


def need(register, claim_id):
    found = verdict.check(
        register, [next(c for c in Dossier.of(register).all_claims if c.claim_id == claim_id).site_id]
    )
    return next(f for f in found.judged if f.claim.claim_id == claim_id)


def test_80500_chips_by_hand(register):
    """80,500 x 1.39 kW x 1.3 of facility power, if they are H100-class, in a hall for them alone."""
    finding = need(register, "C007")
    low, best, high = finding.needs.power_mw
    assert low < 80_500 * 0.00139 * 1.3 < high
    text = finding.to_row()["needs"]
    assert text.startswith(finding.claim.written()) and "at the meter" in text and "for these alone" in text
    assert finding.to_row()["needs_mw_best"] == best


def test_what_is_needed_is_in_proportion_and_rests_on_no_document(register):
    dossier = Dossier.of(register)
    claim = next(c for c in dossier.all_claims if c.claim_id == "C007")
    q = model.question(claim, dossier)
    one, ten = (verdict.needs(q, n, dossier) for n in (1000.0, 10_000.0))
    assert ten.power_mw == pytest.approx([10 * end for end in one.power_mw])
    bare = replace(register, claims=register.claims[register.claims["claim_id"] == "C007"])
    assert verdict.needs(q, 1000.0, Dossier.of(bare)) == one


def test_one_number_with_two_needs_says_of_which_chips(register):
    """60,000 PFLOPS of 2025-07 and of 2026-02 need different megawatts, as other chips could be had."""
    first, second = (need(register, i).needs_text() for i in ("C044", "C047"))
    assert first != second and "on the market by 2025-07" in first and "on the market by 20" in second
    assert "on the market" not in need(register, "C007").needs_text()


def test_a_power_of_no_stated_kind_does_not_need_itself(register):
    said = need(register, "C149").needs_text()
    assert "about 1,200 MW (" not in said and "IT, facility or average power: not stated" in said


def test_a_number_that_is_no_capacity_needs_nothing(register):
    dossier = Dossier.of(register)
    for claim in dossier.all_claims:
        q = model.question(claim, dossier)
        if q.quantity not in model.CAPACITY:
            assert verdict.needs(q, 5.0, dossier) == verdict.Needs()


def test_a_range_and_two_readings_say_what_either_end_would_need(register):
    """The smaller figure of '6 or 60,000 PFLOPS' alone would need six square metres: it is never shown for both."""
    readings, ends, one = (need(register, claim_id) for claim_id in ("C033", "C042", "C054"))
    for finding, times in ((readings, 10_000), (ends, 9.999)):
        said = finding.needs_text()
        low, best, high = (model.show(end * times) for end in finding.needs.power_mw)
        assert "the smaller figure would need" in said and f"the larger one about {best} MW ({low} to {high})" in said
    assert "smaller" not in one.needs_text()

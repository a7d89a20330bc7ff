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


@pytest.mark.parametrize(
    "text",
    [
        "A Blackwell rack may draw 130 kW when training.",
        "Each accelerator costs about $30,000.",
        "A typical hyperscale data center uses 80 MW.",
        "A large data center can use 5 million gallons and 100 MW.",
        "Modern facilities often require 100 MW.",
        "A single H200 delivers 4 petaflops in FP8.",
        "单台AI服务器功耗约10千瓦。",
        "传统机柜功率一般为5千瓦。",
        "一座大型数据中心年耗电约3亿千瓦时。",
        "Large loads are defined as facilities above 75 MW.",
        "State law sets a threshold of 100 MW for review.",
        "大型数据中心以用电负荷超过50MW为认定标准。",
        "高耗能数据中心是指年用电量5亿千瓦时以上的项目。",
        "Had the plan been approved, the campus would have drawn 400 MW and cost $2 billion.",
        "If the two halls were full, they would need 90 MW.",
        "Whereas a conventional machine would use 9 MW, this one uses 3 MW.",
        "The machine could sustain 4 petaflops on the benchmark.",
        "若2030年用电负荷达300MW，电网须扩建。",
    ],
)
def test_what_is_said_of_any_thing_of_a_kind_or_only_imagined_has_no_stage(text):
    assert {claim.rung for claim in extract(text)} == {""}


@pytest.mark.parametrize(
    ("text", "rung"),
    [
        ("A new data center in Tulsa will use 300 MW.", "announced"),
        ("A data center in Tulsa could use 300 MW by 2030.", "announced"),
        ("The campus could reach 900 MW once the second phase is built.", "announced"),
        ("The cluster runs today and is growing toward 150,000 GPUs.", "announced"),
        ("The firm is building toward a 2 GW campus.", "announced"),
        ("The halls run well, with a path to 90,000 H100s.", "announced"),
        ("集群已有1万张GPU卡，正朝着5万张GPU卡迈进。", "announced"),
        ("从开工到投产五年累计投资规模约60亿元。", "announced"),
        ("投产首年算力达800P。", "announced"),
        ("2031年算力规模可达2万P。", "announced"),
        ("园区规划建设6座机房，可承载服务器30万台。", "announced"),
        ("园区已建成6座机房，可承载服务器30万台。", "roofed"),
        ("The firm activated 30,000 Trainium2 chips in May.", "running"),
        ("The first 20 MW hall is now ready.", "roofed"),
        ("The rack draws 40 kW.", "running"),
    ],
)
def test_a_goal_a_forecast_and_a_capacity_are_no_more_than_the_plan_they_belong_to(text, rung):
    assert extract(text)[-1].rung == rung

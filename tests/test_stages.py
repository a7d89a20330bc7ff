"""What the words around a number say of its stage, and how sure that is."""

import pytest

from osint.claims import Matter, extract
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
        "Conventional racks use 120 kW when cooled.",
        "One 90 MW data center uses as much as 25,000 houses.",
        "Just four 90 MW data centers would use more than the town.",
        "Regional data centers must invest $250 million.",
        "New rates apply to loads with a demand greater than 75 MW.",
        "It pays $3 per $100 of value, compared to $5 paid by others.",
        "截至2030年底，机柜规模达到3万架。",
        "总投资20亿元的项目正在施工。",
        "占地300亩的数据中心已投产。",
        "机柜已投产，单柜功率8kW。",
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
        ("二期计划投资6亿元，可对外提供1E算力服务。", "announced"),
        ("2030年将建成21个模块、2500架机柜后投入试运营。", "announced"),
        ("We plan to have power connected, which means fully built of 800 MW.", "announced"),
        ("The firm plans more, and it currently operates 90 MW.", "running"),
        ("The firm signed a total of 90 MW in new leases.", "filed"),
        ("The firm is expanding its capacity to more than 900 MW.", "announced"),
        ("Capacity will grow to 900 MW from its existing capacity of 90 MW.", ""),
        ("Large firms currently account for most of the country's 900 MW data center market.", ""),
        ("项目正在紧锣密鼓地进行深化设计，机柜700架。", ""),
        ("The site, with 40 MW live, is leased to a firm that will add 90 MW.", "announced"),
        ("The rack draws 40 kW.", ""),
    ],
)
def test_a_goal_a_forecast_and_a_capacity_are_no_more_than_the_plan_they_belong_to(text, rung):
    assert extract(text)[-1].rung == rung


@pytest.mark.parametrize(
    ("text", "rungs"),
    [
        ("The 90 MW hall, dubbed North, will open in May.", ["announced"]),
        ("A $700M, ~2 GW campus was announced.", ["announced", "announced"]),
        ("The town’s new 300,000-square-foot, two-storey data center, which will be built next year.", ["announced"]),
        ("The 90 MW hall, near which 40 MW runs, will open in May.", ["", "running"]),
    ],
)
def test_a_comma_between_adjectives_and_a_name_in_passing_end_no_clause(text, rungs):
    assert [claim.rung for claim in extract(text) if claim.kind in ("power", "money_usd", "floor")] == rungs


@pytest.mark.parametrize(
    ("title", "words", "modality"),
    [
        ("云岭公司关于子公司数据中心项目终止的公告", "项目总投资3亿元。", "withdrawn"),
        ("云岭公司终止智算中心投资协议", "项目拟投资3亿元。", "withdrawn"),
        ("Developer scraps data center plan near Tulsa", "The campus was to have 400 MW.", "withdrawn"),
        ("云岭公司关于终止部分募投项目的公告", "项目拟投资3亿元。", "will"),
        ("终止旧项目并投资建设新数据中心的公告", "项目拟投资3亿元。", "will"),
        ("Judge rejects lawsuit over data center", "The campus will have 400 MW.", "will"),
    ],
)
def test_a_title_that_calls_off_a_project_takes_its_numbers_back(title, words, modality):
    matter = Matter(title, words)
    assert [matter.stage(claim).modality for claim in extract(words)] == [modality]


@pytest.mark.parametrize(
    ("text", "kind", "low", "high"),
    [
        ("新能源装机突破六二○○万千瓦。", "gen", 62000, None),
        ("数据中心PUE在一点三以下。", "pue", None, 1.3),
        ("用电规模约320千瓩。", "power", 320, 320),
        ("Four buildings of 200 kft².", "floor", 18580.608, 18580.608),
        ("Halls totaling ≈2 M ft².", "floor", 185806.08, 185806.08),
        ("地盤佔地約3萬平方呎。", "land", 2787.0912, 2787.0912),
        ("總面積8.5萬平方呎(0.79萬平方米)的園區用地。", "land", 7896.7584, 7896.7584),
        ("It exceeds 2M H100-equivalent GPUs.", "chips", 2e6, None),
        ("采购服务器900台,其中A型(推理用)400台。", "servers", 400, 400),
        ("公司准备花不超过90亿,买设备。", "money_cny", None, 9e9),
        ("累计砸了300亿。这90亿,够买多少。", "money_cny", 9e9, 9e9),
        ("Spending crossed $300B.", "money_usd", 3e11, None),
    ],
)
def test_quantities_as_real_pages_print_them(text, kind, low, high):
    pairs = [(claim.kind, claim.quantity.si_low, claim.quantity.si_high) for claim in extract(text)]
    assert (kind, low and pytest.approx(low), high and pytest.approx(high)) in pairs


@pytest.mark.parametrize(
    "text",
    [
        "The cluster is at six-figure GPU scale.",
        "It has an eight-core processor.",
        "公司投资不小，模型参数量达700亿。",
        "○○市有○○家企业。",
    ],
)
def test_what_describes_one_thing_counts_nothing(text):
    assert extract(text) == []


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("该系统算力达3EFLOPS(每秒百亿亿次浮点运算)。", ["compute"]),
        ("项目用地面积*.57平方米,机柜*6架,投资***8万元。", []),
        ("机柜**600架**。", ["racks"]),
        ("标段3(B17、B19机楼)和机楼2(A21)同期招标。", []),
        ("滨河万卡项目(二期)开工。", []),
        ("The 64 chips behave like one GPU, or one massive accelerator.", ["chips"]),
        ("7.3 亿,某市算力中心总承包招标。", ["money_cny"]),
        ("7.3 亿,全国人口的一半。", []),
        ("地盤佔地約4.5萬方呎,樓面約20萬方呎。", ["land", "floor"]),
        ("PUE由1.5优化到1.22。", ["pue", "pue"]),
        ("某市限制PUE>1.35项目审批。", ["pue"]),
        ("The plot measures 900 square metres with a total floor area of 2,000 square metres.", ["land", "floor"]),
    ],
)
def test_masked_digits_labels_of_lots_and_figures_of_speech_count_nothing(text, kinds):
    assert [claim.kind for claim in extract(text)] == kinds


@pytest.mark.parametrize("text", ["7.3 亿,某市算力中心总承包招标。", "累计砸了300亿。"])
def test_a_sum_whose_currency_is_taken_for_granted_is_never_of_high_confidence(text):
    assert [(claim.confidence, "no currency" in claim.warning) for claim in extract(text)] == [("medium", True)]


@pytest.mark.parametrize(
    ("text", "rung"),
    [
        ("電力公司目前不再核供8MW以上的資料中心。", ""),
        ("目前8MW限制條件不變。", ""),
        ("目前机房已有机柜700架。", "roofed"),
        ("The cluster has to consume at least 90 MW of power.", ""),
        ("The operator must have 90 MW of power by 2031.", "announced"),
        ("GMX計畫在新竹投入2億元興建一座9MW的資料中心。", "announced"),
        ("全市机房面积在2031年估计可达60万平方米。", "announced"),
        ("该市提出机柜规模达到3万架的“双三”目标。", "announced"),
        ("The operator is widely said in the press to be building a 700-rack hall.", "ground broken"),
        ("The operator is expected to be building a 700-rack hall.", "announced"),
        ("The operator is said to be running a 700-rack hall.", "running"),
        ("The firm is in advanced talks on sites of 300 MW, following the two signed leases.", "announced"),
        ("Contracted power capacity rose to 3.1 gigawatts.", "filed"),
        ("Contracted capacity rose to 90 MW, of which 40 MW is live.", "running"),
        ("Halls 4 and 5, of 6 MW and 7 MW, respectively, will be built next.", "announced"),
        ("滨河未来人工智能中心提供400P算力。", ""),
        ("中心采用液冷,将PUE压降至1.17。", ""),
        ("中心PUE将降至1.17。", "announced"),
        ("运达股份在某县打造900P算力中心。", ""),
        ("目前多地仍在加码数据中心(IDC)建设,服务器总量超过5万台。", "ground broken"),
    ],
)
def test_rules_inferences_names_and_reports_of_real_pages(text, rung):
    assert extract(text)[-1].rung == rung


@pytest.mark.parametrize(
    ("heading", "words", "rung"),
    [
        ("公共算力须量力而行", "算力中心配有服务器300台。", ""),
        ("算力要为实体服务", "算力中心配有服务器300台。", ""),
        ("滨河算力中心拟建项目", "该算力中心服务器300台。", "announced"),
        ("滨河算力中心二期全部建成", "二期服务器300台。", "roofed"),
        ("滨河算力中心二期全部建成", "单台服务器功耗约9千瓦。", ""),
        ("滨河算力中心二期全部建成", "该公司投资3亿元,在邻县投建青山算力中心。", ""),
        ("滨河算力中心二期全部建成", "青山算力中心有服务器300台。", ""),
        ("滨河算力中心二期全部建成", "滨河算力中心服务器300台。", "roofed"),
        ("Acme data center goes live in Abilene", "The site has 640 servers.", "running"),
        ("Acme data center goes live in Abilene", "Work on the other halls, of 90 MW, goes on.", ""),
        ("滨河算力中心集中开工", "园区可布置机柜超2万个,设计规模为服务器9万台。", ""),
    ],
)
def test_a_heading_lends_the_stage_of_its_own_project_and_of_an_act(heading, words, rung):
    text = f"{heading}\n\n{words}"
    matter = Matter("", text)
    assert {matter.stage(claim).rung for claim in extract(text)} == {rung}


@pytest.mark.parametrize(
    "text",
    [
        "新线路为园区带来电力负荷90MW。",
        "园区获得电力容量30MW。",
        "变压器增加电力容量30MW。",
        "方案综合环境与成本,电力容量30MW。",
        "平台实现有效算力700P。",
        "设备正在运输途中,共400台服务器。",
        "各类机柜中,其中标准机架600架。",
        "当地产业发达产值高,机柜600架。",
        "公司由此推动建设,机柜600架。",
        "平台可调度虚拟机,服务器400台。",
        "全市公开工作,机柜600架。",
        "Applied Digital's campus of 90 MW is near Ellendale.",
    ],
)
def test_a_word_of_a_stage_inside_other_words_says_nothing(text):
    assert {claim.rung for claim in extract(text) if claim.kind != "gen"} == {""}


@pytest.mark.parametrize(
    ("text", "rung"),
    [
        ("项目前期工作已启动,机柜600架。", "announced"),
        ("在用机架600架,设计算力规模700P。", ""),
        ("公司已与客户签订30MW的租约。", "filed"),
        ("公司宣布完成5亿元融资。", ""),
        ("一期已建成机柜200个,二期在建300个,三期规划500个。", "announced"),
        ("The firm operates 90 MW and 2 GW contracted.", "filed"),
        ("The 90 MW campus goes live in Abilene.", "running"),
        ("The 90 MW campus goes live in May.", "announced"),
        ("The 9 MW hall opened in 2016 and closed in 2023.", ""),
        ("The firm has completed 8 MW, with 40 MW more to come.", "announced"),
        ("Applied Digital's 90 MW campus is under construction.", "ground broken"),
    ],
)
def test_names_parts_and_designs_of_real_pages(text, rung):
    assert extract(text)[-1].rung == rung


def test_a_floor_in_ping_and_a_spelt_out_usage_effectiveness_are_read():
    assert [(claim.kind, claim.quantity.si_low) for claim in extract("總樓地板面積2萬坪。")] == [("floor", 66115.7)]
    assert [claim.kind for claim in extract("Power usage effectiveness (PUE) averages 1.19.")] == ["pue"]


def _first(text: str) -> tuple[str, float | None, str]:
    claim = extract(text)[0]
    return claim.kind, claim.quantity.si_high, str(claim.rung)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("计划总投资200亿元的智算中心一期工程正在施工。", ("money_cny", 2e10, "announced")),
        ("园区全部建成年产值180亿元。", ("money_cny", 1.8e10, "announced")),
        ("第三期可对外提供1000P算力服务。", ("compute", 1000.0, "")),
        ("该中心已可对外提供1000P算力服务。", ("compute", 1000.0, "running")),
        ("While conventional racks operated at 15 kW, AI needs more.", ("power", 0.015, "")),
        ("To qualify, data centers must invest $250 million.", ("money_usd", 2.5e8, "")),
        ("2001年,该超级计算机峰值性能达到50PFLOPS。", ("compute", 50.0, "")),
    ],
)
def test_a_sum_that_is_planned_or_a_number_of_any_thing_of_a_kind_takes_no_stage_of_works(
    text: str, told: tuple[str, float, str]
) -> None:
    assert _first(text) == told


def test_a_part_with_a_decimal_point_continues_no_number_of_ten_thousands() -> None:
    assert [c.quantity.si_high for c in extract("计划建设30万2.5kW标准机架的园区。") if c.kind == "power"] != [300.0025]
    assert not [c for c in extract("算力卡采用昇腾310P芯片。") if c.kind == "compute"]

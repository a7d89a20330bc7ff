import pytest

from osint.cli.main import main


def test_version(capsys):
    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out.startswith("osint ")


DAYS = ("--start", "2024-01-01", "--end", "2024-02-01")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (("scenes", "43", "193", *DAYS), "the two may be exchanged; longitude first"),
        (("scenes", "43", "93", *DAYS), "the two may be exchanged"),
        (("scenes", "293", "43", *DAYS), "not on the globe"),
        (("scenes", "nan", "43", *DAYS), "'nan 43' is no place"),
        (("scenes", "93", "43", "--radius", "nan", *DAYS), "metres over 0, not nan"),
        (("scenes", "93", "43", "--radius", "-5", *DAYS), "metres over 0, not -5"),
        (("scenes", "93", "43", "--max-cloud", "300", *DAYS), "0 to 100 percent, not 300"),
        (("scenes", "93", "43", "--start", "2024-13-01", "--end", "2024-02-01"), "not a date of the calendar"),
        (("scenes", "43", "87.6", *DAYS), "did you mean 87.6,43?"),
        (("scenes", "--at", "43,87.6", *DAYS), "did you mean 87.6,43?"),
        (("scenes", "--bbox", "43,93,44,94", *DAYS), "did you mean 93,43,94,44?"),
        (("scenes", *DAYS), "name one place"),
        (("scenes", "XJ03", "--at", "93,43", *DAYS), "name one place"),
        (("scenes", "https://map.baidu.com/@10411832.91,5308425.2,17z", *DAYS), "metres of Baidu's own grid"),
        (("scenes", "93", "43", "--datum", "ed50", *DAYS), "the datum 'ed50' is not known"),
        (("scenes", "93,43", *DAYS, "--offline"), "this search was not run before"),
        (("tiles", "93,43", "--offline"), "allows no question to the network"),
        (("power", "93", "95"), "lat 95 is not on the globe"),
        (("pair", "93", "43", "--before", "2024-13-01", "--after", "2025-01-01", "--out", "p.png"), "of the calendar"),
        (("pair", "93", "43", "--before", "2024-01-01", "--after", "today", "--out", "p.png"), "'today' is not a date"),
        (("demo", "--start", "2024-13-45"), "not a date of the calendar"),
        (("demo", "--start", "2025-06-01", "--end", "2025-01-01"), "is before `start`"),
        (("demo", "--port", "99999"), "0 (a free one) to 65535, not 99999"),
        (("demo", "--port", "-1"), "not -1"),
        (("search", "智算中心", "--from", "2024-06", "--to", "2025-06", "--pages", "0"), "at least 1, not 0"),
    ],
)
def test_a_wrong_argument_is_one_sentence_and_status_2(line, said, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(list(line)) == 2
    told = capsys.readouterr().err
    assert said in told and told.startswith(f"osint {line[0]}: ") and told.count("\n") == 1

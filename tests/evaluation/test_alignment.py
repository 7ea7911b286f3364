from pathlib import Path

import pytest

from nmt.errors import UserError
from nmt.evaluation import alignment
from nmt.evaluation.alignment import parse

HANSARDS = Path(__file__).parents[3] / "shared" / "data" / "word-alignments" / "en-fr-hansards"


def test_sure_links_are_possible_too():
  links = parse("0-1 2p1")
  assert links.sure == {(0, 1)}
  assert links.possible == {(0, 1), (2, 1)}


def test_what_is_shown_is_parsed_back():
  links = [(3, 0), (0, 1), (2, 1)]
  assert alignment.show(reversed(links)) == "3-0 0-1 2-1"
  assert parse(alignment.show(links)).sure == set(links)
  assert alignment.show([]) == ""


def test_error_rate_by_hand():
  # A = {00, 11, 21, 32}; S = {00, 11, 22}; P adds {21}: |A n S| = 2, |A n P| = 3.
  score = alignment.score([[(0, 0), (1, 1), (2, 1), (3, 2)]], [parse("0-0 1-1 2-2 2p1")])
  assert score.aer == pytest.approx(100 * (1 - 5 / 7))
  assert score.precision == pytest.approx(75)
  assert score.recall == pytest.approx(200 / 3)
  assert (score.links, score.sentences) == (4, 1)


def test_gold_against_itself_is_without_error_and_nothing_is_all_error():
  gold = [parse("0-0 1-2"), parse("")]
  assert alignment.score([pair.sure for pair in gold], gold).aer == pytest.approx(0)
  assert alignment.score([[], []], gold).aer == pytest.approx(100)
  with pytest.raises(UserError, match="no links"):
    alignment.score([[]], [parse("")])


@pytest.mark.parametrize("bad", ["1:2", "1-", "-1-2", "1-2-3", "a-b", "1.0-2", "99999999999-0"])
def test_a_bad_link_is_named_with_its_file_and_line(tmp_path, bad):
  path = tmp_path / "links"
  path.write_text(f"0-0\n1-1 {bad} 2-2\n")
  with pytest.raises(UserError) as raised:
    alignment.read(path)
  assert f"{path}, line 2" in str(raised.value)
  assert bad in str(raised.value)


def test_unreadable_files_are_named(tmp_path):
  with pytest.raises(UserError, match="missing"):
    alignment.read(tmp_path / "missing")
  (tmp_path / "binary").write_bytes(b"0-0\n\xff\n")
  with pytest.raises(UserError, match="binary, line 2"):
    alignment.read(tmp_path / "binary")


def test_empty_lines_count_and_reverse_swaps(tmp_path):
  (tmp_path / "links").write_text("0-1 2p3\n\n4-0\n")
  links = alignment.read(tmp_path / "links", reverse=True)
  assert [pair.possible for pair in links] == [{(1, 0), (3, 2)}, set(), {(0, 4)}]
  assert links[0].sure == {(1, 0)}


def test_a_link_outside_the_sentences_is_an_error():
  alignment.check_range(parse("1-2"), 2, 3, "gold, line 1")
  with pytest.raises(UserError, match=r"gold, line 7: link 2-1 .* 2 source and 3 target words"):
    alignment.check_range(parse("0-0 2p1"), 2, 3, "gold, line 7")


def test_counts_of_both_sides_are_named():
  with pytest.raises(UserError, match="1 lines of links against 2"):
    alignment.score([[]], [parse(""), parse("")])


@pytest.mark.skipif(not HANSARDS.is_dir(), reason="needs the Hansards alignments")
@pytest.mark.parametrize(
  ("name", "published"),
  [
    ("fastalign.forward", 16.39),
    ("fastalign.grow-diagonal", 10.48),
    ("giza.forward", 7.99),
    ("giza.grow-diagonal", 5.94),
  ],
)
def test_published_error_rates_come_out(name, published):
  gold = alignment.read(HANSARDS / "gold.0idx")
  found = alignment.read(HANSARDS / f"{name}.talp")
  score = alignment.score([pair.sure for pair in found], gold)
  assert round(score.aer, 2) == published

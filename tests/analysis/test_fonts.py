import unicodedata
import warnings

import pytest

from nmt.analysis import fonts


def test_scripts_of_the_default_font_need_no_other():
  families, words = fonts.choose([["Économie", "señor", "ß", "Жук", "Ωμέγα"], ["العربية", "שלום"]])
  assert families == ["DejaVu Sans"]
  assert words == [["Économie", "señor", "ß", "Жук", "Ωμέγα"], ["العربية", "שלום"]]


def test_accents_are_composed():
  _, ((word,),) = fonts.choose([[unicodedata.normalize("NFD", "été")]])
  assert word == "été"


def test_a_word_that_no_font_draws_is_shown_by_its_number_with_one_warning():
  # A private character of plane 15 and an unassigned script stand for fonts that are missing.
  unassigned = "\U000e0fff"
  with pytest.warns(
    UserWarning, match=r"2 of 4 words.*U\+E0FFF.*apt install fonts-noto-cjk"
  ) as seen:
    _, words = fonts.choose([["a", unassigned], [unassigned + "b", "c"]])
  assert words == [["a", "[1]"], ["[0]", "c"]]
  assert len(seen) == 1


def test_what_has_no_shape_is_dropped():
  with warnings.catch_warnings():
    warnings.simplefilter("error")
    _, words = fonts.choose([["a\u200b", "b\xad", "c\t", "e\ufe0f", "\ue001"]])
  assert words == [["a", "b", "c", "e", ""]]

import pytest

from nmt.evaluation.bleu import bleu
from nmt.evaluation.scores import by_length, scores

REFERENCES = ["a b c d e", "f g h i j", "k l m n o", "p q r s t"]
HYPOTHESES = ["a b c d e", "f g h i x", "k l m n o", "x x x x x"]


def test_each_bucket_is_the_bleu_of_its_sentences():
  rows = by_length(HYPOTHESES, REFERENCES, [10, 11, 1, 45])
  assert [(row["from"], row["to"], row["sentences"]) for row in rows] == [
    (1, 10, 2),
    (11, 20, 1),
    (41, 50, 1),
  ]
  assert rows[0]["bleu"] == pytest.approx(100)
  assert rows[1]["bleu"] == bleu(HYPOTHESES[1:2], REFERENCES[1:2])[0]


def test_sentences_with_unknown_words_stay_out_of_the_known_score():
  found = scores(HYPOTHESES, REFERENCES, [5] * 4, known=[True, False, True, False])
  assert found["no_unk"] == {"sentences": 2, "bleu": pytest.approx(100)}
  assert found["bleu"]["score"] < 100
  assert found["sentences"] == 4


def test_without_unknown_words_there_is_no_known_score():
  assert scores(HYPOTHESES, REFERENCES, [5] * 4)["no_unk"] is None
  nothing = scores(HYPOTHESES, REFERENCES, [5] * 4, known=[False] * 4)["no_unk"]
  assert nothing == {"sentences": 0, "bleu": None}

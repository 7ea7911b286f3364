import pytest

from nmt.errors import UserError
from nmt.evaluation.bleu import bleu, chrf, moses_bleu, tokenizer_of

REFERENCES = ["The cat sat on the mat.", "It didn't rain, did it?"]


def test_a_copy_scores_100_and_the_signature_says_how():
  score, signature = bleu(REFERENCES, REFERENCES)
  assert score == pytest.approx(100)
  assert "tok:13a" in signature
  assert "case:mixed" in signature
  assert "version:" in signature
  assert chrf(REFERENCES, REFERENCES)[0] == pytest.approx(100)


def test_only_the_lower_cased_score_forgives_case():
  shouted = [line.upper() for line in REFERENCES]
  assert bleu(shouted, REFERENCES)[0] < 50
  score, signature = bleu(shouted, REFERENCES, lowercase=True)
  assert score == pytest.approx(100)
  assert "case:lc" in signature


def test_bleu_is_the_geometric_mean_of_its_definition():
  # 1- to 4-gram precisions 5/6, 3/5, 2/4, 1/3 and no brevity penalty.
  score, _ = bleu(["the cat sat on a mat"], ["the cat sat on the mat"])
  assert score == pytest.approx(100 * (5 / 6 * 3 / 5 * 2 / 4 * 1 / 3) ** 0.25)


def test_both_counts_are_named_when_they_differ():
  with pytest.raises(UserError, match="1 translations against 2 references"):
    bleu(["a"], ["a", "b"])
  with pytest.raises(UserError, match="no sentences"):
    chrf([], [])


def test_a_signature_names_its_tokenizer():
  of = tokenizer_of
  assert of("nrefs:1|case:mixed|eff:no|tok:zh|smooth:exp|version:2.6.0") == "zh"
  assert of("nrefs:1|case:mixed|tok:ja-mecab-0.996-IPA|smooth:exp") == "ja-mecab"
  assert of("nrefs:1|tok:flores200|smooth:exp") == "flores200"
  assert of("") == "13a"


def test_bleu_of_moses_tokens_is_that_of_text_which_is_tokenised_already():
  hypotheses = ["Ein Mann, der „hier“ wartet.", "Zwei Hunde laufen!"]
  references = ['Ein Mann, der "dort" wartet.', "Zwei große Hunde laufen."]
  tokens = ['Ein Mann , der " hier " wartet .', "Zwei Hunde laufen !"]
  wanted = ['Ein Mann , der " dort " wartet .', "Zwei große Hunde laufen ."]
  score, signature = moses_bleu(hypotheses, references, "de")
  assert score == bleu(tokens, wanted, tokenizer="none")[0]
  assert "tok:moses-" in signature
  shouted = [line.upper() for line in hypotheses]
  assert moses_bleu(shouted, references, "de", lowercase=True)[0] == score

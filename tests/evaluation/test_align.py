import json
import unicodedata

import jax.numpy as jnp
import pytest

from nmt import align, loading
from nmt.data.tokenizers import Normalized
from nmt.data.words import Words
from nmt.errors import UserError
from nmt.evaluation import alignment, attention


@pytest.fixture
def files(tmp_path, monkeypatch, run):
  monkeypatch.setattr("nmt.loading.load", lambda workdir, which: run)
  (tmp_path / "s").write_text("le chat dort.\n\nun petit chat\n")
  (tmp_path / "t").write_text("le chat noir.\n\nun chat\n")
  (tmp_path / "gold").write_text("0-0 1-1 3-3\n\n0-0 2-1\n")
  return tmp_path


def arguments(files, *more):
  return ["--workdir", "W", "--source", f"{files}/s", "--target", f"{files}/t", *more]


def test_links_of_every_pair_are_printed_in_order(files, capsys):
  assert align.main(arguments(files)) == 0
  # The copier looks at each word in turn; "." is a word of its own to the run's tokenizer.
  assert capsys.readouterr().out == "0-0 1-1 2-2 3-3\n\n0-0 1-1\n"


def test_pretokenized_words_are_what_spaces_separate(files, capsys):
  align.main(arguments(files, "--pretokenized"))
  assert capsys.readouterr().out == "0-0 1-1 2-2\n\n0-0 1-1\n"


def test_links_by_the_posterior_are_those_of_a_run_that_knows_the_word(first, capsys):
  sides = [first / "text" / f"{split}.{side}" for split, side in (("train", "en"), ("train", "fr"))]
  command = ["--workdir", f"{first}/run", "--source", f"{sides[0]}", "--target", f"{sides[1]}"]
  align.main([*command, "--posterior"])
  printed = capsys.readouterr().out
  run = loading.load(first / "run")
  texts = (side.read_text().splitlines() for side in sides)
  words = [(run.source.words(s), run.target.words(t)) for s, t in zip(*texts, strict=True)]
  known = attention.align(loading.posterior(run), words)
  shown = [alignment.show(attention.links(pair.alpha_TxJ)) for pair in known]
  assert printed == "".join(f"{line}\n" for line in shown)
  align.main(command)
  assert capsys.readouterr().out != printed


def test_with_gold_the_error_rate_is_on_stderr_and_the_links_stay_clean(files, capsys):
  align.main(arguments(files, "--gold", f"{files}/gold", "--json", f"{files}/scores"))
  printed = capsys.readouterr()
  assert printed.out == "0-0 1-1 2-2 3-3\n\n0-0 1-1\n"
  assert "AER" in printed.err
  scores = json.loads((files / "scores").read_text())
  assert scores["aer"] == pytest.approx(100 * (1 - 8 / 11))
  (files / "links").write_text(printed.out)
  align.main(["--links", f"{files}/links", "--gold", f"{files}/gold"])
  assert f"{scores['aer']:.2f}" in capsys.readouterr().out


def test_links_of_two_directions_are_put_together(files, capsys):
  (files / "forward").write_text("0-0 1-1 3-3\n\n0-0\n")
  (files / "backward").write_text("0-0 2-1 1-2\n\n0-0 1-2\n")  # target-source
  both = ["--links", f"{files}/forward", "--backward", f"{files}/backward"]
  align.main(both)
  assert capsys.readouterr().out == "0-0 1-1 2-1 1-2\n\n0-0\n"
  align.main([*both, "--combine", "intersection", "--gold", f"{files}/gold"])
  printed = capsys.readouterr()
  assert printed.out == "0-0\n\n0-0\n"
  assert "AER" in printed.err
  (files / "backward").write_text("0-0\n")
  with pytest.raises(UserError, match=r"forward has 3 lines but .*backward has 1"):
    align.main(both)
  (files / "forward").write_text("0-0\n\n0-0\n")
  (files / "backward").write_text("0-0\n\n9-0\n")
  with pytest.raises(UserError, match=r"backward, line 3"):
    align.main([*both, "--source", f"{files}/s", "--target", f"{files}/t"])
  with pytest.raises(UserError, match="--backward needs --links"):
    align.main(arguments(files, "--backward", f"{files}/backward"))


def test_a_figure_for_each_line_asked_for(files, capsys):
  align.main(arguments(files, "--figure", f"{files}/f.png"))
  align.main(arguments(files, "--figure", f"{files}/g.pdf", "--lines", "1,3"))
  assert {path.name for path in files.glob("[fg].*")} == {"f.png"}
  assert {path.name for path in files.glob("g-*")} == {"g-1.pdf", "g-3.pdf"}


@pytest.mark.parametrize(
  ("more", "message"),
  [
    (["--gold", "{}/s"], "s, line 1: 'le' is not a link"),
    (["--gold", "{}/short"], "short has 1 lines but .*s has 3"),
    (["--gold", "{}/wide"], "wide, line 2: link 0-0 is outside a pair of 0 source"),
    (["--figure", "{}/f.jpg"], "must end in .png, .pdf or .svg"),
    (["--figure", "{}/f.png", "--lines", "4"], "has 3 lines"),
    (["--figure", "{}/f.png", "--lines", "0"], "line numbers from 1"),
    (["--links", "{}/short"], "--gold"),
    (["--target", "{}/short"], "3 lines but .* has 1"),
  ],
)
def test_mistakes_are_named(files, more, message):
  (files / "short").write_text("0-0\n")
  (files / "wide").write_text("0-0\n0-0\n0-0\n")
  with pytest.raises(UserError, match=message):
    align.main(arguments(files, *(word.format(files) for word in more)))


def test_a_file_of_links_is_checked_against_its_sentences(files):
  (files / "links").write_text("0-0\n\n3-0\n")
  check = ["--links", f"{files}/links", "--gold", f"{files}/gold"]
  assert align.main(check) == 0
  with pytest.raises(UserError, match=r"links, line 3: link 3-0 .* 3 source and 2 target"):
    align.main([*check, "--source", f"{files}/s", "--target", f"{files}/t"])
  with pytest.raises(UserError, match=r"--links is scored as it is: leave out .* --posterior"):
    align.main([*check, "--posterior"])
  with pytest.raises(UserError, match="--workdir, --source and --target, or --links"):
    align.main(["--source", f"{files}/s"])


def test_crlf_and_byte_order_marks_are_no_text(files, capsys):
  for more in ([], ["--pretokenized"], ["--gold", f"{files}/gold", "--json", f"{files}/json"]):
    found = []
    for mark, end in ((b"", b"\n"), (b"\xef\xbb\xbf", b"\r\n")):
      for name in ("s", "t", "gold"):
        path = files / name
        text = path.read_bytes().removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n")
        path.write_bytes(mark + text.replace(b"\n", end))
      align.main(arguments(files, *more))
      found.append(capsys.readouterr())
    assert found[0] == found[1]
  (files / "links").write_bytes(b"\xef\xbb\xbf" + found[0].out.replace("\n", "\r\n").encode())
  align.main(["--links", f"{files}/links", "--gold", f"{files}/gold", "--json", f"{files}/again"])
  assert (files / "again").read_text() == (files / "json").read_text()


def test_decomposed_accents_are_aligned_alike(files, run, capsys):
  run.source = run.target = Normalized(Words("fr", ["été", "là", "."]))
  run.params["unit"] = jnp.zeros(run.source.size)
  for more in ([], ["--pretokenized"]):
    found = []
    for form in ("NFC", "NFD"):
      for name in ("s", "t"):
        (files / name).write_text(unicodedata.normalize(form, "là été été .\n"), encoding="utf-8")
      align.main(arguments(files, *more))
      found.append(capsys.readouterr().out)
    assert found[0] == found[1] == "0-0 1-1 2-2 3-3\n"


def test_the_error_rate_is_shown_although_its_file_cannot_be_written(files, monkeypatch, capsys):
  def full(path, value):
    raise OSError(28, "No space left on device", str(path))

  monkeypatch.setattr(align, "write_json", full)
  with pytest.raises(OSError, match="No space"):
    align.main(arguments(files, "--gold", f"{files}/gold", "--json", f"{files}/scores"))
  assert "AER" in capsys.readouterr().err

"""An option has one name, range and line of help, whatever the command."""

import pytest

from configs.base import get_config
from nmt import align, arguments, evaluate, export, score, translate
from nmt.config import validate
from nmt.errors import UserError

COMMANDS = (align, evaluate, export, score, translate)


def actions(command):
  return {action.dest: action for action in command._parser()._actions}


def test_commands_mean_the_same_by_the_same_option():
  for name in ("workdir", "which", *arguments.SEARCH):
    found = [actions(command)[name] for command in COMMANDS if name in actions(command)]
    assert len(found) >= 2
    assert len({(action.help, action.type, str(action.default)) for action in found}) == 1


@pytest.mark.parametrize("command", [evaluate, translate])
@pytest.mark.parametrize(
  ("option", "value"),
  [
    ("--beam", "0"),
    ("--beam", "1.5"),
    ("--batch", "-1"),
    ("--max-ratio", "0"),
    ("--max-ratio", "inf"),
    ("--length-penalty", "-0.1"),
    ("--length-penalty", "nan"),
  ],
)
def test_what_no_config_may_hold_is_refused_in_a_line(command, option, value):
  with pytest.raises(UserError, match=rf"argument {option}: {value} is not .* --help"):
    command.main(["--workdir", "w", f"{option}={value}"])
  config = get_config()
  key = option.removeprefix("--").replace("-", "_")
  with config.ignore_type():
    config.decode[key] = float(value)
  with pytest.raises(UserError, match=f"decode.{key}="):
    validate(config)


def test_only_what_is_asked_for_changes():
  decode = get_config().decode
  given = translate._parser().parse_args(["--workdir", "w", "--beam", "7", "--forbid-unk"])
  found = arguments.changed(decode, arguments.search_given(given))
  assert found.to_dict() == {**decode.to_dict(), "beam": 7, "forbid_unk": True}
  assert arguments.changed(decode, {}) == decode != found


def test_a_mistake_in_typing_is_one_line():
  with pytest.raises(UserError, match=r"unrecognized arguments: --beams=3; .* lists all options"):
    evaluate.main(["--workdir", "w", "--beams=3"])

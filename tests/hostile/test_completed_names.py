"""Tags are names of strangers: a shell completes them quoted, and runs nothing of them."""

from __future__ import annotations

import pytest

from image_tagging.tag_models import model_names, model_stem
from shells import SHELLS, arguments_typed

pytestmark = pytest.mark.slow

QUOTED = (
    "red bird|a$(touch pwned)|tick`touch pwned`|semi;touch pwned|&&touch pwned|pi\u2502pe|star*|ques?|[s]|{a,b}|(p)"
    "|~home|#hash|zed!x|lt<gt>|per%cent|eq=ual|==|co:lon|a:::b|a/b|ca^et|Ünï|emoji😀"
).split("|")
#: What the way to zsh would change.
NOT_FOR_ZSH = ['q"uote', "it's", "back\\slash", "two  blanks", "\\$(touch pwned)", "');touch pwned;('", 'a" $(id) "']
#: No shell is given these: lines of their own, flags, signs of a terminal.
NOT_FOR_ANY = [" blank", "-dash", "--output", "red\x1b[31m", "a\nb", "bidi\u202e"]


@pytest.mark.parametrize("shell", SHELLS)
def test_a_tag_is_one_word_of_the_shell_and_no_command(shell, tmp_path):
    tags = [*QUOTED, *NOT_FOR_ZSH, *NOT_FOR_ANY]
    for number, tag in enumerate(tags):
        models = tmp_path / str(number) / "models"
        models.mkdir(parents=True)
        (models / f"{model_stem('ovr-svm', tag)}.pkl").touch()
        assert [tag for _, tag in model_names(models)] == [tag]
    lines = [f"image-tagging threshold --output {number} \t 0.5" for number in range(len(tags))]
    typed = arguments_typed(shell, lines, tmp_path)
    left_out = NOT_FOR_ANY if shell != "zsh" else [*NOT_FOR_ZSH, *NOT_FOR_ANY]
    words = {tag: arguments[3:-1] for tag, arguments in zip(tags, typed)}
    assert words == {tag: [] if tag in left_out else [tag] for tag in tags}
    assert not list(tmp_path.rglob("pwned"))


@pytest.mark.parametrize("quote", ['"', "'"])
@pytest.mark.parametrize("shell", [shell for shell in SHELLS if shell.values != ("fish",)])
def test_a_tag_stays_in_the_quotes_that_were_begun(shell, quote, tmp_path):
    tags = ["red bird", "a$(touch pwned)", "tick`touch pwned`", "star*", "co:lon"]
    for number, tag in enumerate(tags):
        (tmp_path / str(number) / "models").mkdir(parents=True)
        (tmp_path / str(number) / "models" / f"{model_stem('ovr-svm', tag)}.pkl").touch()
    lines = [f"image-tagging threshold --output {number} {quote}{tag[0]}\t 0.5" for number, tag in enumerate(tags)]
    assert [arguments[3:] for arguments in arguments_typed(shell, lines, tmp_path)] == [[tag, "0.5"] for tag in tags]
    assert not list(tmp_path.rglob("pwned"))

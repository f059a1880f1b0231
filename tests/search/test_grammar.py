"""Queries as people write them: terms, weights, filters, and errors that point at the place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from image_tagging.errors import InputError
from image_tagging.search import (
    FileTerm,
    NearTerm,
    PathFilter,
    Query,
    Range,
    SideFilter,
    TagFilter,
    TextTerm,
    parse_arguments,
    parse_text,
)

TERMS = {
    ("pixel", "art", "castle"): (TextTerm("pixel art castle"),),
    ("pixel art castle",): (TextTerm("pixel art castle"),),
    ("castle", "-", "photo"): (TextTerm("castle"), TextTerm("photo", -1)),
    ("castle - photo",): (TextTerm("castle"), TextTerm("photo", -1)),
    ("castle", "-photo"): (TextTerm("castle"), TextTerm("photo", -1)),
    ("-photo",): (TextTerm("photo", -1),),
    ("castle", "+", "./a b.png"): (TextTerm("castle"), FileTerm("./a b.png")),
    ("+", "/x/a.png", "at night"): (FileTerm("/x/a.png"), TextTerm("at night")),
    ("2:red bird", "-0.5:./a.png"): (TextTerm("red bird", 2), FileTerm("./a.png", -0.5)),
    ("2:red", "bird"): (TextTerm("red bird", 2),),
    (r"C:\pictures\a.png",): (FileTerm(r"C:\pictures\a.png"),),
    ("examples/castle.png",): (FileTerm("examples/castle.png"),),
    ("Screenshot 1.PNG", "-photo.jpg"): (FileTerm("Screenshot 1.PNG"), FileTerm("photo.jpg", -1)),
    ("castle - 2:photo.webp",): (TextTerm("castle"), FileTerm("photo.webp", -2)),
    ("castle -photo.webp",): (TextTerm("castle"), FileTerm("photo.webp", -1)),
    ("png", "castle.of.png.kind", ".png"): (TextTerm("png castle.of.png.kind .png"),),
    ("near:0a1b", "- near:ff"): (NearTerm("0a1b"), NearTerm("ff", -1)),
    ("16:9 pictures",): (TextTerm("9 pictures", 16),),
    ("a-b", "3+4"): (TextTerm("a-b 3+4"),),
    ("not", "a", "photo"): (TextTerm("not a photo"),),
}

FILTERS = {
    ("tag:sprites",): (TagFilter("sprites"),),
    ("tag:red bird",): (TagFilter("red bird"),),
    ("tag:sprites>0.8",): (TagFilter("sprites", Range(least=0.8000000000000002)),),
    ("tag:sprites>=0.8",): (TagFilter("sprites", Range(least=0.8)),),
    ("tag:sprites:0.8..",): (TagFilter("sprites", Range(least=0.8)),),
    ("tag:sprites:..0.2",): (TagFilter("sprites", Range(most=0.2)),),
    ("tag:a:b:.2...4",): (TagFilter("a:b", Range(0.2, 0.4)),),
    ("not", "tag:x"): (TagFilter("x", is_not=True),),
    ("not tag:x y",): (TagFilter("x y", is_not=True),),
    ("path:a.png",): (PathFilter("a.png"),),
    ("path:foo/*",): (PathFilter("foo/*"),),
    ("not path:my pictures/",): (PathFilter("my pictures/", is_not=True),),
    ("width:..64",): (SideFilter("width", Range(most=64)),),
    ("width<64",): (SideFilter("width", Range(most=63.99999999999999)),),
    ("height:16..32",): (SideFilter("height", Range(16, 32)),),
    ("not", "height>=100"): (SideFilter("height", Range(least=100), is_not=True),),
}


@pytest.mark.parametrize(("arguments", "terms"), TERMS.items())
def test_terms_are_texts_and_pictures_with_sign_and_weight(arguments, terms):
    assert parse_arguments(arguments) == Query(terms)


@pytest.mark.parametrize(("arguments", "filters"), FILTERS.items())
def test_filters_have_forms_that_no_shell_takes(arguments, filters):
    assert parse_arguments(arguments) == Query((), filters)


def test_a_line_of_text_has_quotes_where_arguments_have_their_borders():
    query = parse_text('castle - photo not tag:"red bird">0.5 path:"my pictures/" 2:"night sky"')
    assert query.terms == (TextTerm("castle"), TextTerm("photo", -1), TextTerm("night sky", 2))
    assert query.filters == (
        TagFilter("red bird", Range(least=0.5000000000000001), is_not=True),
        PathFilter("my pictures/"),
    )


WRONG = {
    ("castle", "-"): ">>>-<<<: a term must follow -",
    ("castle", "-", "+", "night"): "castle - >>>+<<< night: a term must stand between - and +",
    ("castle", "tag:"): "castle >>>tag:<<<: the name of a tag must follow",
    ("tag:a:0.9..0.1", "x"): ">>>tag:a:0.9..0.1<<< x: the first number of a range is the smaller one",
    ("tag:a>2",): ">>>tag:a>2<<<: a probability is a number from 0 to 1",
    ("width:small",): ">>>width:small<<<: pixels follow",
    ("2:tag:a",): ">>>2:tag:a<<<: a filter has no sign and no weight",
    ("-", "path:x"): "- >>>path:x<<<: a filter has no sign and no weight",
    ("near:",): ">>>near:<<<: the hash of a picture must follow",
    ('castle "at night',): 'castle >>>"at night<<<: this quote is not closed',
    ('""',): '>>>""<<<: a text must have a word',
    ("",): "the query is empty",
    (): "the query is empty",
    ("x" * 20_000,): "20,000 characters",
}


@pytest.mark.parametrize(("arguments", "message"), WRONG.items())
def test_what_cannot_be_read_is_marked_in_one_line(arguments, message):
    with pytest.raises(InputError) as caught:
        parse_arguments(arguments)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["./a.png", "/etc/passwd", "~/x.png", "castle + ../../a.png", r"D:\x"])
def test_a_line_of_text_names_no_file(text):
    with pytest.raises(InputError, match="no file can be named here"):
        parse_text(text)


def test_the_name_of_a_picture_is_words_in_a_line_of_text():
    assert parse_text("castle.png").terms == (TextTerm("castle.png"),)


@given(st.lists(st.text(max_size=20), max_size=6))
def test_any_arguments_are_a_query_or_one_line_that_says_why_not(arguments):
    for parse in (parse_arguments, lambda words: parse_text(" ".join(words))):
        said = []
        try:
            query = parse(arguments)
            assert query.terms or query.filters
        except InputError as error:
            said.append(str(error))
        assert all("\n" not in each for each in said)

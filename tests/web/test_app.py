"""The pages, and what a person does on them, as a browser sends it."""

from __future__ import annotations

import os
import re
import shutil

import pytest

from image_tagging import list_verdicts
from image_tagging.reports import component_style, interval_bar, limits
from image_tagging.store import one_run_at_a_time
from web.conftest import COOKIE, TOKEN

CELL = re.compile(r'data-hash="([^"]+)" data-score="([^"]*)" data-verdict="([^"]+)"')


def page_of(text, nonce="nonce-0001", mode="next", **changed):
    """The form that the browser sends of a page of HTML, with the verdicts ``p0="no"`` changed."""
    verdicts = [
        {
            "hash": hash_id,
            "verdict": changed.get(f"p{at}", verdict),
            "position": at,
            "score": float(score) if score else None,
        }
        for at, (hash_id, score, verdict) in enumerate(CELL.findall(text))
    ]
    model = re.search(r'data-model="([^"]*)"', text)[1]
    return {"nonce": nonce, "mode": mode, "model": model, "after": "", "verdicts": verdicts, "wants_page": True}


def test_the_first_page_lists_the_tags(browser):
    text = browser.get("/").text
    assert all(f'href="/tag/{tag}"' in text for tag in ("isometric", "sprites", "tiles"))


def test_a_page_is_judged_and_the_next_one_comes_back_at_once(browser, output):
    form = page_of(browser.get("/tag/tiles").text, p0="unsure")
    answer = browser.post("/tag/tiles/verdicts", json=form).json()
    assert "Kept on tiles" in answer["said"]
    assert not {each["hash"] for each in form["verdicts"]} & {found[0] for found in CELL.findall(answer["page"])}
    (counts,) = list_verdicts(output)
    assert (counts.yes + counts.no, counts.unsure) == (len(form["verdicts"]) - 1, 1)


def test_the_history_names_the_files_that_were_judged(browser, review):
    browser.post("/tag/tiles/verdicts", json=page_of(browser.get("/tag/tiles").text))
    text = browser.get("/history").text
    names = {os.path.basename(verdict.file_path) for verdict in review.history(1000)}
    assert names
    assert all(f"<bdi>{name}</bdi>" in text for name in names)


def test_a_page_that_is_sent_twice_is_kept_once(browser, review):
    form = page_of(browser.get("/tag/tiles").text)
    first, second = (browser.post("/tag/tiles/verdicts", json=form).json()["said"] for _ in range(2))
    assert first == second
    assert len(review.history(1000)) == len(form["verdicts"])


def test_two_tabs_lose_nothing_and_the_last_word_holds(browser, output):
    text = browser.get("/tag/tiles").text
    browser.post("/tag/tiles/verdicts", json=page_of(text, "nonce-tab-1"))
    every_yes = {f"p{number}": "yes" for number in range(24)}
    browser.post("/tag/tiles/verdicts", json=page_of(text, "nonce-tab-2", **every_yes))
    (counts,) = list_verdicts(output)
    assert (counts.no, counts.yes) == (0, len(CELL.findall(text)))


def test_a_tab_from_before_a_restart_is_told_so_and_its_page_is_kept_once_the_new_address_is_open(
    client, guarded, output
):
    form = page_of(client().get("/tag/tiles").text)
    guarded._token = "n" * 43  # as after a restart
    old = client(sec_fetch_site="same-origin").post("/tag/tiles/verdicts", json=form)
    assert old.status_code == 403
    assert "started again" in old.text
    opened = client(with_cookie=False).get(f"/?token={'n' * 43}").headers["set-cookie"].split(";")[0]
    now = client(with_cookie=False, cookie=opened, sec_fetch_site="same-origin")
    assert now.post("/tag/tiles/verdicts", json=form).status_code == 200
    (counts,) = list_verdicts(output)
    assert counts.yes + counts.no == len(form["verdicts"])


def test_undo_shows_the_page_as_it_was_and_redo_takes_it_back(browser, output):
    form = page_of(browser.get("/tag/tiles").text, p0="yes", p1="yes")
    browser.post("/tag/tiles/verdicts", json=form)
    undone = browser.post("/undo", json={}).json()
    assert undone["tag"] == "tiles"
    assert [(found[0], found[2]) for found in CELL.findall(undone["page"])] == [
        (each["hash"], each["verdict"]) for each in form["verdicts"]
    ]
    assert list_verdicts(output) == ()
    assert browser.post("/redo", json={}).json()["tag"] == "tiles"
    assert list_verdicts(output)


def test_a_page_of_the_history_is_undone_by_its_number(browser, review):
    for number in range(2):
        browser.post("/tag/tiles/verdicts", json=page_of(browser.get("/tag/tiles").text, f"nonce-{number:04}"))
    batch = review.history(1000)[-1].batch
    assert f'data-batch="{batch}" data-what="undo"' in browser.get("/history").text
    browser.post("/undo", json={"batch": batch})
    assert f'data-batch="{batch}" data-what="redo"' in browser.get("/history").text


@pytest.mark.parametrize("mode", ["next", "all", "boundary", "check", "wrong"])
@pytest.mark.parametrize("view", ["", "/one"])
def test_every_order_has_an_address(browser, mode, view):
    answer = browser.get(f"/tag/tiles{view}?mode={mode}")
    assert answer.status_code == 200
    assert f'data-mode="{mode}"' in answer.text


def test_checks_hide_scores(browser):
    assert '<span class="score">' in browser.get("/tag/tiles?mode=all").text
    assert '<span class="score">' not in browser.get("/tag/tiles?mode=check").text


def test_a_page_of_one_picture_has_its_files_and_takes_a_new_tag(browser, review):
    hash_id = review.page("tiles", "all").cells[0].hash_id
    text = browser.get(f"/image/{hash_id}").text
    assert review.picture(hash_id).files[0].path in text
    assert text.count('href="/image/') >= 5  # those most like it
    address = browser.post("/tags", json={"tag": "a/b ü <i>%2e", "hash": hash_id}).json()["address"]
    text = browser.get(address).text
    assert "a/b ü &lt;i&gt;%2e" in text
    assert "<i>" not in text
    assert CELL.findall(text)
    assert browser.get(f"{address}/strip").status_code == 200
    assert [row.yes for row in review.tags() if row.tag == "a/b ü <i>%2e"] == [1]


@pytest.mark.parametrize("tag", ["..", ".", "a/../b", "one", "%2F", "\\", "?x#y", "&<>\"'", "日本"])
def test_any_name_of_a_tag_has_an_address_of_its_own(browser, review, tag):
    hash_id = review.page("tiles", "all").cells[0].hash_id
    address = browser.post("/tags", json={"tag": tag, "hash": hash_id}).json()["address"]
    answer = browser.get(f"{address}/one")
    assert answer.status_code == 200
    assert tag in {row.tag for row in review.tags()}
    assert browser.get(f"{address}/page").status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/thumb/..%2F..%2Fetc%2Fpasswd",
        "/thumb/%2Fetc%2Fpasswd",
        "/picture/....//",
        "/static/..%2Fapp.py",
        "/static/%2e%2e/app.py",
        "/static/review.css/../../app.py",
        "/thumb/file:%2F%2F%2Fetc%2Fpasswd",
    ],
)
def test_no_path_of_a_request_is_opened(browser, path):
    answer = browser.get(path)
    assert answer.status_code == 404
    assert "root:" not in answer.text
    assert "import" not in answer.text


def test_pictures_are_given_as_pictures_alone(browser, review):
    hash_id = review.page("tiles", "all").cells[0].hash_id
    for kind in ("thumb", "picture"):
        answer = browser.get(f"/{kind}/{hash_id}")
        assert answer.headers["content-type"] in {"image/webp", "image/png"}
        assert answer.content[:4] in {b"RIFF", b"\x89PNG"}


@pytest.mark.parametrize(
    "content", [b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", b"<!doctype html><script>1</script>"]
)
def test_markup_that_is_called_a_picture_is_never_served(trained, tmp_path, client, content, monkeypatch, review):
    hash_id = review.page("tiles", "all").cells[0].hash_id
    images = shutil.copytree(trained.images, tmp_path / "images")
    path = images / review.picture(hash_id).files[0].path.split("/images/")[1]
    path.write_bytes(content)
    row = review._collected.rows[hash_id]
    picture = review._collected.pictures[row]
    moved = type(picture)(**{**vars(picture), "files": (type(picture.files[0])(str(path)),)})
    monkeypatch.setattr(review, "picture", lambda name: moved)
    for kind in ("thumb", "picture"):
        answer = client().get(f"/{kind}/{hash_id}")
        assert answer.status_code == 404
        assert content not in answer.content
        assert answer.headers["content-type"] == "application/json"
    assert client().get(f"/why/{hash_id}").json()["why"]


def form_of(**changed):
    verdict = {"hash": "a", "verdict": "yes", "position": 0, **changed}
    return {"nonce": "nonce-0001", "mode": "next", "verdicts": [verdict]}


@pytest.mark.parametrize(
    "form",
    [
        *(
            [],
            "x",
            {"nonce": 1},
            {**form_of(), "verdicts": []},
            {**form_of(), "mode": "<b>"},
            {**form_of(), "model": "f"},
        ),
        *(form_of(verdict="maybe"), form_of(position=-1), form_of(position=True), form_of(score=2), form_of(hash=1)),
    ],
)
def test_a_malformed_page_is_refused_in_one_line_and_nothing_is_kept(browser, review, form):
    answer = browser.post("/tag/tiles/verdicts", json=form)
    assert answer.status_code == 400
    assert "\n" not in answer.json()["problem"]
    assert review.history(1) == []


def test_a_body_that_is_no_json_is_refused(browser):
    for body in (b"{", b"\xff", b"[" * 60_000):
        answer = browser.post("/undo", content=body, headers={"content-type": "application/json"})
        assert answer.status_code == 400


def test_while_another_run_works_every_page_says_so_and_nothing_is_judged(browser, review, output):
    text = browser.get("/tag/tiles").text
    with one_run_at_a_time(str(output)):
        for path in ("/", "/tag/tiles", "/tag/tiles/one", "/history"):
            assert "Another run works in this folder" in browser.get(path).text
        for answer in (browser.post("/tag/tiles/verdicts", json=page_of(text)), browser.post("/training", json={})):
            assert answer.status_code == 409
            assert "read-only until it ends" in answer.json()["problem"]
    assert browser.post("/tag/tiles/verdicts", json=page_of(text)).status_code == 200
    assert len(review.history(100)) == len(CELL.findall(text))
    assert "Another run works" not in browser.get("/tag/tiles").text


def test_a_page_that_is_asked_for_before_the_folder_could_be_read_waits_by_itself(browser, review, monkeypatch):
    text = browser.get("/tag/tiles").text
    with monkeypatch.context() as during:
        during.setattr(review, "_opened", None)
        during.setattr(review._reading, "why", "Another run works in this folder: wait.")
        answer = browser.get("/tag/tiles", headers={"accept": "text/html"})
        assert answer.status_code == 503
        assert "Another run works in this folder: wait." in answer.text
        assert '<meta http-equiv="refresh"' in answer.text
        assert browser.get("/static/review.css").status_code == 200
        given = browser.post("/tag/tiles/verdicts", json=page_of(text))
        assert (given.status_code, given.json()["problem"]) == (503, "Another run works in this folder: wait.")
    assert browser.post("/tag/tiles/verdicts", json=page_of(text)).status_code == 200


def test_progress_of_a_training_is_told(browser):
    assert browser.get("/training").json() == {"state": "idle", "said": "", "share": 0.0}


def test_cookie_and_token_are_no_part_of_a_page(browser):
    assert TOKEN not in browser.get("/tag/tiles").text
    assert COOKIE not in browser.get("/").text


def test_the_app_looks_as_the_report_does_and_draws_its_bars(browser, review):
    assert browser.get("/static/components.css").text == component_style()
    tags = browser.get("/").text
    assert '<link rel="stylesheet" href="/static/components.css">' in tags
    (row,) = (row for row in review.tags() if row.tag == "tiles")
    assert interval_bar(row.precision.value, *row.precision.interval) in tags
    assert limits(*row.precision.interval) in tags

"""The diagnosis of an output at a URL: an object is written, read and removed there, as a run would."""

from __future__ import annotations

import sys

import pytest

from buckets import DENIED, Answer, use_endpoint
from image_tagging.cli import main
from image_tagging.pipeline.doctor import places
from image_tagging.pipeline.doctor.finding import OK, PROBLEM
from image_tagging.storage import remote


def test_a_bucket_is_tried_and_left_as_it_was(bucket):
    bucket.put("results/mine", b"1")
    found = places.check_output(f"{bucket.url}/results")
    assert found == ("output", OK, f"an object was written to {bucket.url}/results, read and removed")
    assert bucket.list_keys() == ["results/mine"]


def test_the_command_takes_a_url(bucket, capsys):
    main(["doctor", f"{bucket.url}/results"])
    assert f"an object was written to {bucket.url}/results, read and removed" in " ".join(
        capsys.readouterr().out.split()
    )


def test_a_missing_bucket_is_named(bucket):
    found = places.check_output("s3://no-such-bucket/results")
    assert (found.state, "there is no bucket no-such-bucket" in found.says) == (PROBLEM, True)


def test_missing_credentials_are_said_with_how_to_get_them(bucket, monkeypatch, tmp_path):
    use_endpoint(monkeypatch, bucket.port, AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY="")
    monkeypatch.setenv("HOME", str(tmp_path))
    found = places.check_output(bucket.url)
    assert (found.state, "no credentials were found" in found.says) == (PROBLEM, True)


@pytest.mark.parametrize(("method", "what"), [("PUT", "written"), ("GET", "read"), ("DELETE", "removed")])
def test_a_right_that_is_missing_is_named(bucket, failing, method, what):
    failing.plan = lambda asked, path: DENIED if asked == method or (method == "DELETE" and "delete" in path) else None
    found = places.check_output(f"{bucket.url}/results")
    assert found.state == PROBLEM
    assert f"cannot be {what}: access to the bucket {bucket.name} is denied (AccessDenied)" in found.says
    assert "\n" not in found.says
    assert len(bucket.list_keys()) == (what == "removed")


def test_an_object_that_reads_as_something_else_is_a_problem(bucket, failing):
    failing.plan = lambda method, path: Answer(200, b"<html>Log in</html>") if method == "GET" else None
    found = places.check_output(f"{bucket.url}/results")
    assert (found.state, "reads as something else" in found.says) == (PROBLEM, True)
    assert bucket.list_keys() == []


def test_a_missing_extra_is_named(monkeypatch):
    monkeypatch.setattr(remote, "_OPEN", {})
    monkeypatch.setitem(sys.modules, "s3fs", None)
    found = places.check_output("s3://bucket/results")
    assert (found.state, "pip install 'image-tagging-tools[s3]'" in found.says) == (PROBLEM, True)


@pytest.mark.parametrize("url", ["https://example.org/results", "s3://", "ftp://example.org/results"])
def test_an_address_that_takes_no_results_is_a_problem(url):
    found = places.check_output(url)
    assert found.state == PROBLEM
    assert "\n" not in found.says

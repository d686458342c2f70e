from panns.system.progress import Progress, ignore_progress


def test_progress_names_amount_unit_and_stage():
    progress = Progress(3, 10, "files", stage="reading clips")
    assert (progress.done, progress.total, progress.unit, progress.stage) == (3, 10, "files", "reading clips")
    assert Progress(0.5, None, "seconds of sound").stage == ""


def test_progress_can_be_ignored():
    assert ignore_progress(Progress(1, 2, "bytes")) is None

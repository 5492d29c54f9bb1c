from bandscribe.evaluation.tables import name_setup, name_task


def test_names_of_the_literature() -> None:
    assert name_task(melodic=False, untranscribed=False) == "DTD"
    assert name_task(melodic=False, untranscribed=True) == "DTP"
    assert name_task(melodic=True, untranscribed=False) == "DTM"
    assert name_task(melodic=True, untranscribed=True) == "DTM"
    assert name_setup("mdb", {"egmd", "synthesis"}) == "eval-cross"
    assert name_setup("egmd", {"egmd", "synthesis"}) == "eval-subset"

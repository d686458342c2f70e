import pytest

from panns.evaluate.side_by_side import side_by_side, threads


def test_results_come_in_order_and_not_all_at_once():
    begun = []

    def double(i):
        begun.append(i)
        return 2 * i

    with threads(2) as pool:
        results = side_by_side(pool, double, range(100), ahead=3)
        assert next(results) == 0
        assert max(begun) <= 3
        assert list(results) == list(range(2, 200, 2))


def test_an_error_comes_where_its_result_would():
    with threads(2) as pool:
        results = side_by_side(pool, lambda i: 1 // (2 - i), range(4), ahead=4)
        assert [next(results), next(results)] == [0, 1]
        with pytest.raises(ZeroDivisionError):
            next(results)

"""Gradescope: /autograder/results/results.json."""

from grading.formats.text import all_exercises, dump, logs, seconds, total, why, worst

EXTRA = ("lab", "score", "max", "verdict", "seed", "base", "borrowed", "emulator", "versions",
         "submission_sha256", "runs")  # what Gradescope keeps beside the tests


def gradescope(results):
    """/autograder/results/results.json. Times are seconds of the emulators' CPU time.

    The text above the tests says no score: Gradescope shows it, unless a test is hidden.
    """
    return dump({
        "score": total(results, "score"),
        "execution_time": round(sum(map(seconds, results)), 3),
        "output": logs(results),
        "output_format": "text",
        "stdout_visibility": "hidden",
        "tests": [{
            "name": exercise["title"],
            "number": exercise["id"],
            "score": exercise["score"],
            "max_score": exercise["max"],
            "status": "passed" if exercise["status"] == "PASS" else "failed",
            "output": "\n".join(filter(None, (exercise["status"], why(exercise)))),
            "output_format": "text",
            "visibility": exercise["visibility"],
            "tags": exercise["tags"],
        } for exercise in all_exercises(results)],
        "leaderboard": [],
        "extra_data": {"verdict": worst(results), "max": total(results, "max"), "programs": [
            {name: result[name] for name in EXTRA} for result in results]},
    })

"""What the course costs: each chapter is a module with TITLE, WANTED, measure(), reached() and
WHY, which the page says if it is not reached."""

from bench import builds, classes, exits, inner, steadiness, whole

CHAPTERS = {"inner": inner, "whole": whole, "builds": builds, "exits": exits,
            "classes": classes, "steadiness": steadiness}

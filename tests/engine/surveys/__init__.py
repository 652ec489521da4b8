"""Tests of periodic surveys: the plan, the draw, the invitations."""

"""Grading on the systems that universities use: a folder for each, and what they share.

package -> the system's archive -> its container: prepare once, then one upload after another
"""

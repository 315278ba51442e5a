/* The rest of it. */
#include <launch.S>

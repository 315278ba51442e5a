/* The rest of it. */
#include <guest.S>

/* The rest of it. */
#include <isrGPF.S>

// The implementation of Boost.JSON, so no library must be linked.
#include <boost/json/src.hpp>

// Boost.JSON as part of this program: no library to link.
#include <boost/json/src.hpp>

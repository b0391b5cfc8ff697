#include "peers/source/fixture.h"

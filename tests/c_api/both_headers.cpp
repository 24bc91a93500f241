// The C header is a C++ header too, and goes together with the plug-in interface and the C++ one.
#include "inference_exp.h"
#include "inference_exp/auto_model.hpp"
#include "inference_exp/backend.h"

static_assert(INFERENCE_EXP_OK == 0 && IEXP_OK == 0);

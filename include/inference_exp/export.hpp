// Marks what the shared library exports. Everything else is hidden.
#pragma once

#if defined(INFERENCE_EXP_STATIC)
#define INFERENCE_EXP_API
#elif defined(_WIN32)
#if defined(INFERENCE_EXP_BUILDING)
#define INFERENCE_EXP_API __declspec(dllexport)
#else
#define INFERENCE_EXP_API __declspec(dllimport)
#endif
#else
#define INFERENCE_EXP_API __attribute__((visibility("default")))
#endif

/* What the C programs here share: a count of what is not as expected, and a picture. */
#ifndef INFERENCE_EXP_TESTS_C_API_CHECK_H_
#define INFERENCE_EXP_TESTS_C_API_CHECK_H_

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inference_exp.h"

static int complaints = 0;

static void expect(int condition, const char* what) {
  if (condition) return;
  fprintf(stderr, "not as expected: %s\n", what);
  ++complaints;
}

/* Stops the program unless `status` is OK. */
static void expect_ok(inference_exp_status status, inference_exp_error* error) {
  if (status == INFERENCE_EXP_OK && error == NULL) return;
  fprintf(stderr, "%s: %s %s\n", inference_exp_error_name(error), inference_exp_error_message(error),
          inference_exp_error_hint(error));
  inference_exp_error_free(error);
  exit(1);
}

enum { SIDE = 320, PADDING = 64, STRIDE = SIDE * 3 + PADDING };

/* A red disc left of the middle and above it, on white, in RGB; rows are padded with noise. Freed by the caller. */
static uint8_t* red_disc(void) {
  uint8_t* pixels = malloc((size_t)SIDE * STRIDE);
  int x, y;
  if (pixels == NULL) exit(1);
  memset(pixels, 137, (size_t)SIDE * STRIDE);
  for (y = 0; y < SIDE; ++y) {
    for (x = 0; x < SIDE; ++x) {
      const int dx = x - 120, dy = y - 140;
      const int red = dx * dx + dy * dy < 80 * 80;
      uint8_t* pixel = pixels + (size_t)y * STRIDE + (size_t)x * 3;
      pixel[0] = red ? 220 : 255;
      pixel[1] = pixel[2] = red ? 20 : 255;
    }
  }
  return pixels;
}

static inference_exp_image image_of(const uint8_t* pixels) {
  inference_exp_image image = {0};
  image.struct_size = sizeof image;
  image.data = pixels;
  image.width = image.height = SIDE;
  image.row_stride = STRIDE;
  image.format = INFERENCE_EXP_FORMAT_RGB;
  return image;
}

#endif /* INFERENCE_EXP_TESTS_C_API_CHECK_H_ */

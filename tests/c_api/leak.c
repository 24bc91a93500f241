/* Opens, uses and frees a model 1,000 times: memory must not grow. Says the growth in bytes.
 *   leak MODEL */
#define _POSIX_C_SOURCE 200809L /* sysconf */
#include <unistd.h>

#include "check.h"

enum { WARM_UP = 100, CYCLES = 1000, ALLOWED = 2 * 1024 * 1024 };

static long long resident_bytes(void) {
  long long total = 0, resident = 0;
  FILE* file = fopen("/proc/self/statm", "r");
  if (file == NULL || fscanf(file, "%lld %lld", &total, &resident) != 2) {
    fprintf(stderr, "/proc/self/statm cannot be read\n");
    exit(1);
  }
  fclose(file);
  return resident * sysconf(_SC_PAGESIZE);
}

/* A whole life, and an error on the way. */
static void cycle(const char* path, const inference_exp_image* image) {
  inference_exp_load_options options;
  inference_exp_model* model = NULL;
  inference_exp_predictions* predictions = NULL;
  inference_exp_error* error = NULL;
  char* json = NULL;
  inference_exp_load_options_init(&options, sizeof options);
  options.intra_op_threads = 1;
  expect_ok(inference_exp_model_load(path, &options, &model, &error), error);
  expect_ok(inference_exp_infer(model, image, 1, NULL, &predictions, &error), error);
  expect(inference_exp_predictions_count(predictions, 0) == 1, "one disc is found");
  expect_ok(inference_exp_predictions_to_json(predictions, 0, &json, &error), error);
  expect(inference_exp_infer(model, NULL, 1, NULL, NULL, &error) != INFERENCE_EXP_OK, "NULL is refused");
  inference_exp_error_free(error);
  inference_exp_string_free(json);
  inference_exp_predictions_free(predictions);
  inference_exp_model_free(model);
}

int main(int argc, char** argv) {
  uint8_t* pixels = red_disc();
  const inference_exp_image image = image_of(pixels);
  long long before = 0, growth;
  int i;
  if (argc != 2) return 2;
  for (i = 0; i < WARM_UP + CYCLES; ++i) {
    if (i == WARM_UP) before = resident_bytes();
    cycle(argv[1], &image);
  }
  growth = resident_bytes() - before;
  free(pixels);
  printf("after %d cycles memory has grown by %lld bytes\n", CYCLES, growth);
  expect(growth < ALLOWED, "memory does not grow");
  return complaints;
}

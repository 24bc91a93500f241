// A shared object that is no plug-in.
extern "C" __attribute__((visibility("default"))) int somebody_elses_function() { return 1; }

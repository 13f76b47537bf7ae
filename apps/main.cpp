#include <cstdio>

int main() { std::puts("s4l"); }

// The cost of starting any program with this linkage.
int main() {}

// What starting any program of this linkage costs.
int main() {}

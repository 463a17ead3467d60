package listing

// Shipped is the file of kinds that ships with the program.
var Shipped = string(shipped)

"""What gistd does; knows no HTTP and no Flask."""

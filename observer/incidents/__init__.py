"""What is wrong now, who is told of it, once: findings, incidents and their life. Rules: pure, time is an argument."""
